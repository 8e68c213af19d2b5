package dev.backplane.core.slot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import org.junit.jupiter.api.Test;

class GuestLogTest {
    private final List<String> lines = new ArrayList<>();
    private final GuestLog log = new GuestLog(
            new System.Logger() {
                @Override
                public String getName() {
                    return "test";
                }

                @Override
                public boolean isLoggable(Level level) {
                    return true;
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
                    lines.add(message);
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
                    lines.add(format);
                }
            },
            "b/dev");

    @Test
    void repetitionsAreLoggedAtPowersOfTen() {
        for (int i = 0; i < 150; i++) {
            log.guestError("reserved bit 3 of CR0 set");
        }
        assertThat(lines)
                .containsExactly(
                        "b/dev: guest error: reserved bit 3 of CR0 set",
                        "b/dev: guest error: reserved bit 3 of CR0 set (10 times)",
                        "b/dev: guest error: reserved bit 3 of CR0 set (100 times)");
        assertThat(log.guestErrors()).isEqualTo(150);
    }

    @Test
    void whatTheHostRefusesIsNoMistakeOfTheGuest() {
        log.hostError("reset of host device 0000:01:00.0: EIO");
        assertThat(lines).containsExactly("b/dev: host error: reset of host device 0000:01:00.0: EIO");
        assertThat(log.guestErrors()).isZero();
    }

    @Test
    void aFloodOfDifferentMessagesIsCutOff() {
        for (int i = 0; i < 1_000; i++) {
            log.unimplemented("feature " + i);
        }
        assertThat(lines).hasSizeBetween(10, 40);
    }
}
