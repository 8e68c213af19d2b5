package dev.backplane.core.board;

/** A slot as management sees it. Counters only grow, from the time at which the slot was made. */
public interface SlotMXBean {
    /** {@return device type} */
    String getDeviceType();

    /** {@return EMPTY, RUNNING, PARKED or FAILED} */
    String getState();

    /** {@return the bundle that serves it, or the empty text} */
    String getProvider();

    /** {@return transactions that ended as aborts because the slot was parked for too long or had failed} */
    long getAborts();

    /** {@return those of them that were held for longer than the time-out} */
    long getTimeOuts();

    /** {@return how many times a device took the slot over from a running one} */
    long getHandOvers();

    /** {@return transactions that wait at the closed gate now; no counter} */
    long getHeldTransactions();

    /** {@return mistakes of the guest that the device noted} */
    long getGuestErrors();

    /** {@return for how long the gate was closed in the last hand-over, microseconds} */
    long getGateClosedLastMicros();

    /** {@return for how long the gate was closed in the longest hand-over, microseconds} */
    long getGateClosedMostMicros();
}
