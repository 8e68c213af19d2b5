package dev.backplane.qtest.protocol;

import static org.assertj.core.api.Assertions.assertThatIOException;

import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QtestLogTest {
    @TempDir
    Path folder;

    @Test
    void aFileThatCannotBeWrittenIsNamedWithItsOption() {
        assertThatIOException()
                .isThrownBy(() -> QtestLog.open(Optional.of(folder + "/none/x")))
                .withMessage("-qtest-log %s/none/x: cannot write it: no such file or folder".formatted(folder));
        assertThatIOException()
                .isThrownBy(() -> QtestLog.open(Optional.of(folder.toString())))
                .withMessageStartingWith("-qtest-log %s: cannot write it: ".formatted(folder))
                .withMessageNotContaining("Exception");
    }
}
