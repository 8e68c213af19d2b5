package dev.backplane.devices.testdev;

/** Values of {@link TestRegister#RESULT}. */
enum TestResult {
    /** Written, read back and equal. */
    OK(0),
    /** Disarmed. */
    IDLE(0xFFFF_FFFF),
    /** Armed, or under way. */
    BUSY(0xFFFF_FFFE),
    /** LEN is zero or beyond {@link TestTransfer#MAX_LENGTH}. */
    BAD_LENGTH(0xDEAD_0001),
    /** The write to the IOVA was terminated. */
    WRITE_FAILED(0xDEAD_0002),
    /** The read of the physical address was terminated. */
    READ_FAILED(0xDEAD_0003),
    /** The data read back differs. */
    MISMATCH(0xDEAD_0004),
    /** TRIGGER was read while the device was not armed. */
    NOT_ARMED(0xDEAD_0005),
    /** ATTRS asks for a space that the board has no transactions of. */
    BAD_ATTRIBUTES(0xDEAD_0006);

    final int code;

    TestResult(int code) {
        this.code = code;
    }
}
