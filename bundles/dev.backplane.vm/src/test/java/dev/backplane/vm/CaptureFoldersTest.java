package dev.backplane.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptureFoldersTest {

    @Test
    void aFolderHereComesBeforeAShippedOne(@TempDir Path folder) throws IOException {
        Path home = Files.createDirectories(folder.resolve("home/captures/linux"));
        Path here = Files.createDirectories(folder.resolve("here"));
        var captures = new CaptureFolders(folder.resolve("home").toString());
        assertThat(captures.find(here, "linux")).isEqualTo(home);
        Path own = Files.createDirectories(here.resolve("linux"));
        assertThat(captures.find(here, "linux")).isEqualTo(own);
    }

    @Test
    void aNameThatIsNowhereIsRefusedWithThePathThatWasMeantAndWhatIsShipped(@TempDir Path folder) throws IOException {
        assertThatThrownBy(() -> new CaptureFolders(null).find(folder, "x"))
                .hasMessage("no folder '%s'; expected the folder of a capture".formatted(folder.resolve("x")));
        Files.createDirectories(folder.resolve("captures/linux"));
        Files.createDirectories(folder.resolve("captures/bare"));
        assertThatThrownBy(() -> new CaptureFolders(folder.toString()).find(folder, "linus"))
                .hasMessage(("no folder '%s'; expected the folder of a capture, or the name of a shipped one: "
                        + "bare, linux").formatted(folder.resolve("linus")));
    }

    @Test
    void aPathMayLeadUpwards(@TempDir Path folder) {
        assertThat(new CaptureFolders(folder.toString()).find(folder, "../..")).isEqualTo(
                folder.resolve("../..").normalize());
    }
}
