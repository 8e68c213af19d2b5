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
     * While the clock is paused no timer expires.
     *
     * @param time virtual time in nanoseconds
     * @throws IllegalStateException if real time drives the clock
     * @throws IllegalArgumentException if the time lies in the past
     */
    void advanceTo(long time);

    /** {@return the deadline of the next timer, or -1 when none is armed} */
    long nextDeadline();

    /**
     * Holds timers back: none expires from the return of this method on until {@link #resume}. A clock that real time
     * drives stands still meanwhile; one that is advanced by hand can be advanced. Does nothing when it is paused.
     */
    void pause();

    /** Lets timers expire again, those that came due meanwhile at once. Does nothing unless it is paused. */
    void resume();

    /** {@return whether timers are held back} */
    boolean isPaused();
}
