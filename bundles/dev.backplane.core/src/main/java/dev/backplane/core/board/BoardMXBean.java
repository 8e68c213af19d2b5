package dev.backplane.core.board;

/** A board as management sees it. Counters only grow, from the time at which the board was made. */
public interface BoardMXBean {
    /** {@return machine type} */
    String getMachine();

    /** {@return whether all slots of its definition are running} */
    boolean isComplete();

    /** {@return how many slots there are} */
    int getSlots();

    /** {@return how many of them have a running device} */
    int getRunningSlots();

    /** {@return outermost transactions} */
    long getTransactions();

    /** {@return transactions that met no memory and no device} */
    long getDecodeErrors();

    /** {@return transactions that ended as aborts because a slot was parked for too long or had failed} */
    long getAborts();

    /** {@return those of them that were held at a parked slot for longer than its time-out} */
    long getTimeOuts();

    /** {@return how many times a device took over a slot from a running one} */
    long getHandOvers();

    /** {@return mistakes of the guest that devices noted} */
    long getGuestErrors();

    /** {@return threads that hang in a model's callback now; no counter} */
    long getHungThreads();
}
