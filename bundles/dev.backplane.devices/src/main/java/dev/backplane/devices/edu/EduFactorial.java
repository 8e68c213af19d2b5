package dev.backplane.devices.edu;

import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;

/**
 * The factorial unit. It computes modulo 2<sup>32</sup> and takes {@link #LATENCY_NANOS} of virtual time for it, so
 * that software sees the computing bit. A driver that polls without letting time pass sees it once. Thread-safe.
 */
final class EduFactorial {
    /** Virtual time from the write of a value until its factorial is there. */
    static final long LATENCY_NANOS = 1_000;

    /** 34! and all larger ones are multiples of 2^32. */
    private static final int FIRST_ZERO = 34;

    private final EduInterrupts interrupts;
    private final Countdown countdown;
    private int value;
    private boolean computing;
    private boolean interruptWhenDone;

    EduFactorial(VirtualClock clock, EduInterrupts interrupts) {
        this.interrupts = interrupts;
        countdown = new Countdown(clock, this::finish);
    }

    /** {@return the factorial of an unsigned 32-bit number, modulo 2^32} */
    static int factorial(int number) {
        if (Integer.compareUnsigned(number, FIRST_ZERO) >= 0) {
            return 0;
        }
        int product = 1;
        for (int factor = 2; factor <= number; factor++) {
            product *= factor;
        }
        return product;
    }

    synchronized int value() {
        return value;
    }

    synchronized int status() {
        return (computing ? EduRegister.STATUS_COMPUTING : 0) | (interruptWhenDone ? EduRegister.STATUS_INTERRUPT : 0);
    }

    /**
     * {@return the status, as software reads it}
     *
     * <p>Where a client drives the clock, time stands still while its driver polls; so the computation ends when the
     * driver has seen that it is under way.
     */
    int poll(TransactionContext context) {
        int status = status();
        if ((status & EduRegister.STATUS_COMPUTING) != 0) {
            countdown.stop();
            finish(context);
        }
        return status;
    }

    /** {@return whether the unit took the value; it takes none while it computes} */
    synchronized boolean start(int number) {
        if (computing) {
            return false;
        }
        value = number;
        computing = true;
        countdown.start(LATENCY_NANOS);
        return true;
    }

    synchronized void writeStatus(int written) {
        interruptWhenDone = (written & EduRegister.STATUS_INTERRUPT) != 0;
    }

    private void finish(TransactionContext context) {
        boolean raise;
        synchronized (this) {
            if (!computing) {
                return;
            }
            value = factorial(value);
            computing = false;
            raise = interruptWhenDone;
        }
        if (raise) {
            interrupts.raise(EduRegister.CAUSE_FACTORIAL);
        }
    }

    synchronized void reset() {
        countdown.stop();
        value = 0;
        computing = false;
        interruptWhenDone = false;
    }

    void quiesce() {
        countdown.freeze();
    }

    void resume() {
        countdown.thaw();
    }

    /** {@return nanoseconds until the result is there, or -1 when nothing is computed} */
    synchronized long remaining() {
        return computing ? Math.max(0, countdown.remaining()) : -1;
    }

    synchronized void restore(int number, int status, long remaining) {
        value = number;
        computing = remaining >= 0;
        interruptWhenDone = (status & EduRegister.STATUS_INTERRUPT) != 0;
        countdown.restore(remaining);
    }
}
