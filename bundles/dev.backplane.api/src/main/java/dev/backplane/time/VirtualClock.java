package dev.backplane.time;

import dev.backplane.memory.TransactionContext;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The time of a board, in nanoseconds since its start. Real time, a test's steps or a CPU drive it; a device reads no
 * other clock and never sleeps. Thread-safe.
 */
@ProviderType
public interface VirtualClock {

    /** {@return the virtual time in nanoseconds, 0 or more, never going back} */
    long now();

    /**
     * Makes a timer of the calling device.
     *
     * @param expiry called when the timer expires, under the device's lock as a register access would be; call-outs are
     *     effects
     * @return a timer that is not armed
     */
    Timer timer(Expiry expiry);

    /** What a timer does when it expires. */
    @FunctionalInterface
    interface Expiry {
        /**
         * Called once for each time the timer was armed and reached its deadline.
         *
         * @param context context of the calling thread
         */
        void expired(TransactionContext context);
    }

    /** A one-shot timer. Thread-safe. */
    @ProviderType
    interface Timer {
        /**
         * Sets the deadline, replacing an earlier one; a deadline that has passed expires at once.
         *
         * @param deadline virtual time in nanoseconds
         */
        void arm(long deadline);

        /** Forgets the deadline; no expiry starts afterwards. */
        void cancel();

        /** {@return the deadline, or -1 when the timer is not armed} */
        long deadline();
    }
}
