package dev.backplane.devices.edu;

import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;

/**
 * A one-shot timer that stands still while its device is quiesced, so that the time that is left, not the deadline, is
 * state: it survives a hand-over and a move to a board whose clock shows another time. Thread-safe.
 */
final class Countdown {
    private enum Phase {
        IDLE,
        RUNNING,
        FROZEN
    }

    private final VirtualClock clock;
    private final VirtualClock.Timer timer;
    private final VirtualClock.Expiry expiry;
    private Phase phase = Phase.IDLE;
    private boolean frozen;
    private long remaining;
    private volatile long deadline;

    Countdown(VirtualClock clock, VirtualClock.Expiry expiry) {
        this.clock = clock;
        this.expiry = expiry;
        timer = clock.timer(this::expired);
    }

    private void expired(TransactionContext context) {
        synchronized (this) {
            if (phase != Phase.RUNNING) {
                return;
            }
            if (clock.now() < deadline) {
                timer.arm(deadline);
                return;
            }
            phase = Phase.IDLE;
        }
        expiry.expired(context);
    }

    /** Starts to count down; while frozen it only notes the time. */
    void start(long nanos) {
        synchronized (this) {
            if (frozen) {
                phase = Phase.FROZEN;
                remaining = nanos;
                return;
            }
            phase = Phase.RUNNING;
            deadline = clock.now() + nanos;
        }
        arm();
    }

    /** Outside the lock, because a deadline that has passed may expire on this thread. */
    private void arm() {
        timer.arm(deadline);
    }

    synchronized void stop() {
        phase = Phase.IDLE;
        timer.cancel();
    }

    synchronized void freeze() {
        if (!frozen && phase == Phase.RUNNING) {
            remaining = Math.max(0, deadline - clock.now());
            phase = Phase.FROZEN;
            timer.cancel();
        }
        frozen = true;
    }

    void thaw() {
        synchronized (this) {
            frozen = false;
            if (phase != Phase.FROZEN) {
                return;
            }
            phase = Phase.RUNNING;
            deadline = clock.now() + remaining;
        }
        arm();
    }

    /** {@return nanoseconds that are left, or -1 when it does not count} */
    synchronized long remaining() {
        return switch (phase) {
            case IDLE -> -1;
            case FROZEN -> remaining;
            case RUNNING -> Math.max(0, deadline - clock.now());
        };
    }

    /** Takes over what {@link #remaining} said; counts once thawed. */
    synchronized void restore(long left) {
        timer.cancel();
        frozen = true;
        remaining = left;
        phase = left < 0 ? Phase.IDLE : Phase.FROZEN;
    }
}
