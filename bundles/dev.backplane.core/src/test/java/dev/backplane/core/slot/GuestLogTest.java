package dev.backplane.core.slot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ResourceBundle;
import java.util.Set;
import org.junit.jupiter.api.Test;

class GuestLogTest {
    private final List<String> lines = new ArrayList<>();
    private final Set<String> names = new LinkedHashSet<>();
    private final GuestLog log = new GuestLog(this::logger, "b/dev");

    private System.Logger logger(String name) {
        names.add(name);
        return new System.Logger() {
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
        };
    }

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
    void whatGuestsDoCanBeLeftOutByItself() {
        log.guestError("one");
        log.unimplemented("two");
        log.hostError("three");
        assertThat(names)
                .containsExactly(
                        "dev.backplane.device.guest-errors",
                        "dev.backplane.device.unimplemented",
                        "dev.backplane.device");
    }

    @Test
    void aFloodOfDifferentMessagesIsCutOff() {
        for (int i = 0; i < 1_000; i++) {
            log.unimplemented("feature " + i);
        }
        assertThat(lines).hasSizeBetween(10, 40);
    }
}
