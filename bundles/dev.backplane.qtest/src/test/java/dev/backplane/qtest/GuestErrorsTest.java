package dev.backplane.qtest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GuestErrorsTest {
    @TempDir
    Path folder;

    @Test
    void theyGoToTheFileThatIsAskedFor() throws Exception {
        Path file = folder.resolve("100%.log");
        GuestErrors.show(Set.of("guest_errors", "int"), Optional.of(file.toString()));
        System.getLogger("dev.backplane.device.guest-errors").log(Level.WARNING, "virt0/edu0: guest error");
        System.getLogger("dev.backplane.device").log(Level.WARNING, "something else");
        assertThat(file).hasContent("virt0/edu0: guest error");
    }

    @Test
    void aFileThatCannotBeWrittenIsNamed() {
        assertThatIOException()
                .isThrownBy(() -> GuestErrors.show(Set.of("unimp"), Optional.of(folder + "/none/x")))
                .withMessage("-D %s/none/x: cannot write it: no such file or folder".formatted(folder));
    }
}
