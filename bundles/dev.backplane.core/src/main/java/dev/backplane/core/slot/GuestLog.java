package dev.backplane.core.slot;

import dev.backplane.device.DeviceLog;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;

/**
 * The notes about one slot's device. A message is logged the first time, then at its 10th, 100th, … repetition;
 * messages that differ share a budget per second. What guests do has loggers of its own, since who writes tests of
 * guests makes mistakes on purpose. Thread-safe.
 */
final class GuestLog implements DeviceLog {
    private static final int REMEMBERED = 64;
    private static final int BURST = 10;
    private static final long SECOND = 1_000_000_000L;

    private static final String HOST_ERRORS = "dev.backplane.device";
    private static final String GUEST_ERRORS = "dev.backplane.device.guest-errors";
    private static final String UNIMPLEMENTED = "dev.backplane.device.unimplemented";

    private final Function<String, System.Logger> loggers;
    private final String subject;
    private final LongAdder errors = new LongAdder();
    private final Map<String, Long> counts = new LinkedHashMap<>(REMEMBERED, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > REMEMBERED;
        }
    };
    private long second = System.nanoTime();
    private int spent;
    private long swallowed;

    /**
     * Takes a slot.
     *
     * @param loggers finds a logger by its name
     * @param subject the slot, for messages
     */
    GuestLog(Function<String, System.Logger> loggers, String subject) {
        this.loggers = loggers;
        this.subject = subject;
    }

    @Override
    public void guestError(String message) {
        errors.increment();
        note(GUEST_ERRORS, "guest error", message);
    }

    @Override
    public void unimplemented(String message) {
        note(UNIMPLEMENTED, "not implemented", message);
    }

    @Override
    public void hostError(String message) {
        note(HOST_ERRORS, "host error", message);
    }

    /** {@return how many mistakes of the guest were noted} */
    long guestErrors() {
        return errors.sum();
    }

    private void note(String logger, String kind, String message) {
        String text;
        synchronized (counts) {
            long count = counts.merge(kind + ": " + message, 1L, Long::sum);
            if (!isPowerOfTen(count)) {
                return;
            }
            long now = System.nanoTime();
            if (now - second >= SECOND) {
                second = now;
                spent = 0;
            }
            if (++spent > BURST) {
                swallowed++;
                return;
            }
            text = "%s: %s: %s%s%s".formatted(
                    subject,
                    kind,
                    message,
                    count == 1 ? "" : " (" + count + " times)",
                    swallowed == 0 ? "" : " (" + swallowed + " other messages left out)");
            swallowed = 0;
        }
        loggers.apply(logger).log(Level.WARNING, text);
    }

    private static boolean isPowerOfTen(long count) {
        long power = 1;
        while (power < count) {
            power *= 10;
        }
        return power == count;
    }
}
