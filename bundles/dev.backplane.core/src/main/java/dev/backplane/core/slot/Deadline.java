package dev.backplane.core.slot;

import java.time.Duration;

/** How long code of a bundle may take: a limit for each step, and perhaps one for all of them together. */
public final class Deadline {
    /** How long a control callback of a model may take. */
    public static final Duration CALLBACK = Duration.ofSeconds(3);

    /** How long slots may take to leave a bundle that stops; the component runtime waits 5 s for its locks. */
    public static final Duration DEPARTURE = Duration.ofSeconds(3);

    private static final long LEAST_NANOS = 50_000_000;

    private final long stepNanos;
    private final long end;
    private final boolean bounded;

    private Deadline(Duration step, Duration total) {
        stepNanos = step.toNanos();
        bounded = total != null;
        end = bounded ? System.nanoTime() + total.toNanos() : 0;
    }

    /** {@return a deadline for each step} */
    public static Deadline each(Duration step) {
        return new Deadline(step, null);
    }

    /** {@return a deadline for each step and for all together, from now on; a late step still gets a moment} */
    public static Deadline total(Duration step, Duration total) {
        return new Deadline(step, total);
    }

    /** {@return nanoseconds left for a step that started then} */
    long left(long stepStart) {
        long now = System.nanoTime();
        long left = stepStart + stepNanos - now;
        return bounded ? Math.max(Math.min(left, end - now), stepStart + LEAST_NANOS - now) : left;
    }

    /** {@return nanoseconds left altogether, at least a moment} */
    long leftAltogether() {
        return bounded ? Math.max(end - System.nanoTime(), LEAST_NANOS) : stepNanos;
    }

    /** {@return whether there is time for what could also be left out} */
    boolean isLeisurely() {
        return !bounded;
    }

    long millis() {
        return stepNanos / 1_000_000;
    }
}
