package dev.backplane.qtest;

import static org.assertj.core.api.Assertions.assertThatIOException;

import dev.backplane.qtest.control.MachineControl;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessEndTest {
    @TempDir
    Path folder;

    @Test
    void aPidfileThatCannotBeWrittenIsNamedWithTheReason() {
        var end = new ProcessEnd(
                new MachineControl(Optional.empty(), false, false), List.of(), Optional.of(folder + "/none/pid"));
        assertThatIOException()
                .isThrownBy(end::begin)
                .withMessage("-pidfile %s/none/pid: cannot write it: no such file or folder".formatted(folder));
    }
}
