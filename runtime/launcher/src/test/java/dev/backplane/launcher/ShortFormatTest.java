package dev.backplane.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class ShortFormatTest {

    private static String line(Throwable thrown) {
        var entry = new LogRecord(Level.WARNING, "Failed to install {0}");
        entry.setParameters(new Object[] {"device.jar"});
        entry.setThrown(thrown);
        return new ShortFormat().format(entry);
    }

    @Test
    void aMessageIsOneLine() {
        assertThat(line(null)).isEqualTo("backplane: warning: Failed to install device.jar" + System.lineSeparator());
    }

    @Test
    void whatWasThrownIsToldWithItsCauses() {
        var root = new IllegalArgumentException("Unable to parse header");
        assertThat(line(new IllegalStateException("Could not create bundle object.", root)))
                .contains("device.jar (java.lang.IllegalStateException: Could not create bundle object.: "
                        + "java.lang.IllegalArgumentException: Unable to parse header)");
    }

    @Test
    void aCauseThatIsSaidAlreadyIsNotSaidTwice() {
        assertThat(line(new IllegalStateException(new IllegalArgumentException("why")))).containsOnlyOnce("why");
    }
}
