package dev.backplane.vm;

import static org.assertj.core.api.Assertions.assertThat;

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
    void aNameThatIsNowhereIsThePathThatWasMeant(@TempDir Path folder) {
        assertThat(new CaptureFolders(null).find(folder, "x")).isEqualTo(folder.resolve("x"));
        assertThat(new CaptureFolders(folder.toString()).find(folder, "../..")).isEqualTo(
                folder.resolve("../..").normalize());
    }
}
