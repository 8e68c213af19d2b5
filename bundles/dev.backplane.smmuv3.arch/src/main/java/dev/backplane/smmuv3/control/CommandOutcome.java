package dev.backplane.smmuv3.control;

/** How a command ends, with the code that CMDQ_CONS.ERR shows for it (IHI 0070 section 7.1). */
enum CommandOutcome {
    /** The command is consumed. */
    CONSUMED(0),
    /** A CMD_SYNC with SIG_IRQ is consumed: its interrupt is due. */
    CONSUMED_WITH_INTERRUPT(0),
    /** The command is illegal. */
    CERROR_ILL(1),
    /** The fetch of the command was aborted. */
    CERROR_ABT(2);

    private final int code;

    CommandOutcome(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    boolean isConsumed() {
        return code == 0;
    }
}
