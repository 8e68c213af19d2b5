package dev.backplane.core.epoch;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * Looks whether a thread hangs in a callback of a model, expels it from grace periods and tells the model's slot. A
 * thread that is seen in one callback all the time for the deadline hangs; one that goes from callback to callback in a
 * transaction that does not end has five times as long, one that waits for a lock of the engine twice as long: who
 * holds it comes first. Time counts by looks, so that a machine that stands still as a whole fails no device.
 */
public final class Watchdog implements AutoCloseable {
    private static final int LOOKS = 8;
    private static final int LOCK_FACTOR = 2;
    private static final int BUSY_FACTOR = 5;
    private static final int FRAMES = 10;
    private static final Pattern ENGINE = Pattern.compile("dev\\.backplane\\.core\\.(memory|irq|slot|time|pci)\\..*");

    private final EpochDomain domain;
    private final Duration deadline;
    private final CountDownLatch closed = new CountDownLatch(1);

    /**
     * Starts looking.
     *
     * @param board name of the board
     * @param domain what to look at
     * @param deadline how long a callback may take; zero means for ever
     */
    public Watchdog(String board, EpochDomain domain, Duration deadline) {
        this.domain = domain;
        this.deadline = deadline;
        if (!deadline.isZero()) {
            var thread = new Thread(null, this::watch, "backplane-watchdog-" + board, 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(Watchdog.class.getClassLoader());
            thread.start();
        }
    }

    private void watch() {
        try {
            while (!closed.await(deadline.toNanos() / LOOKS, TimeUnit.NANOSECONDS)) {
                for (EpochContext context : domain.contexts()) {
                    look(context);
                }
            }
        } catch (InterruptedException e) {
            // Nobody interrupts it but who wants it to end.
        }
    }

    private void look(EpochContext context) {
        EpochContext.Observation seen = context.observation;
        long epoch = context.epoch();
        long calls = context.calls();
        boolean same = (epoch & 1) == 1 && epoch == seen.epoch && !context.isWaiting() && !context.isExpelled();
        seen.sameEpoch = same ? seen.sameEpoch + 1 : 0;
        seen.sameCalls = same && calls == seen.calls ? seen.sameCalls + 1 : 0;
        seen.epoch = epoch;
        seen.calls = calls;
        int limit = context.isWaitingForLock() ? LOOKS * LOCK_FACTOR : LOOKS;
        if (seen.sameCalls >= limit) {
            hangs(context, epoch, calls, seen.sameEpoch);
        } else if (seen.sameEpoch >= LOOKS * BUSY_FACTOR) {
            isBusy(context, seen.sameEpoch);
            seen.sameEpoch = 0;
        }
    }

    /** It goes round and round through others' callbacks: without memory to reach it ends, or it hangs. */
    private void isBusy(EpochContext context, int looks) {
        EpochDomain.Place place = domain.place(context.outermostPlace());
        Thread thread = context.owner();
        if (place != null && thread != null) {
            place.hangs(report(thread, thread.getStackTrace(), age(looks)));
        }
    }

    private Duration age(int looks) {
        return deadline.multipliedBy(looks).dividedBy(LOOKS);
    }

    private void hangs(EpochContext context, long epoch, long calls, int looks) {
        EpochDomain.Place place = domain.place(context.place());
        if (place == null) {
            // It is in no model: a recorder, a listener, the host's own memory. There is nobody to be cut off.
            return;
        }
        Thread thread = context.owner();
        domain.expel(context, epoch, calls, frames -> place.hangs(report(thread, frames, age(looks))));
    }

    /** {@return what a thread hangs in, as text: no class of the bundle is kept} */
    private static String report(Thread thread, StackTraceElement[] frames, Duration age) {
        int engine = 0;
        while (engine < frames.length && !ENGINE.matcher(frames[engine].getClassName()).matches()) {
            engine++;
        }
        // The outermost frame of the model is its callback; the engine's own frame when it stands for the model.
        StackTraceElement callback = frames.length == 0 ? null : frames[Math.max(engine - 1, 0)];
        var text = new StringBuilder();
        text.append(callback == null
                ? "a callback"
                : "callback %s.%s".formatted(callback.getClassName(), callback.getMethodName()));
        text.append(" has not returned for %.1f s on thread %s".formatted(age.toMillis() / 1000.0, thread.getName()));
        for (int i = 0; i < Math.min(FRAMES, frames.length); i++) {
            text.append(i == 0 ? ": at " : " < ").append(frames[i]);
        }
        return text.toString();
    }

    /** Stops looking. */
    @Override
    public void close() {
        closed.countDown();
    }
}
