package dev.backplane.board;

import org.osgi.annotation.versioning.ProviderType;

/** Drives a board's virtual time. Thread-safe. */
@ProviderType
public interface BoardClock {

    /** {@return the virtual time in nanoseconds} */
    long now();

    /** {@return whether real time drives the clock; else only {@link #advanceTo} does} */
    boolean isRealTime();

    /**
     * Moves the virtual time and runs every timer that expires on the way, each at its deadline, on the calling thread.
     *
     * @param time virtual time in nanoseconds
     * @throws IllegalStateException if real time drives the clock
     * @throws IllegalArgumentException if the time lies in the past
     */
    void advanceTo(long time);

    /** {@return the deadline of the next timer, or -1 when none is armed} */
    long nextDeadline();
}
