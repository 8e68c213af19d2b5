package dev.backplane.devices.edu;

/** The registers of {@code edu} in BAR0. Everything else reads as all ones and ignores writes. */
enum EduRegister {
    /** RO: major version, minor version, 0x00ED. */
    IDENTIFICATION(0x00, 4),
    /** RW: reads back the bitwise inverse of what was written. */
    LIVENESS(0x04, 4),
    /** RW: a written value is replaced by its factorial. */
    FACTORIAL(0x08, 4),
    /** RW: {@link #STATUS_COMPUTING} (RO), {@link #STATUS_INTERRUPT}. */
    STATUS(0x20, 4),
    /** RO: what raised the interrupt. */
    INTERRUPT_STATUS(0x24, 4),
    /** WO: bits to set in {@link #INTERRUPT_STATUS}. */
    INTERRUPT_RAISE(0x60, 4),
    /** WO: bits to clear in {@link #INTERRUPT_STATUS}. */
    INTERRUPT_ACKNOWLEDGE(0x64, 4),
    /** RW: where a transfer reads from. */
    DMA_SOURCE(0x80, 8),
    /** RW: where a transfer writes to. */
    DMA_DESTINATION(0x88, 8),
    /** RW: bytes to transfer. */
    DMA_COUNT(0x90, 8),
    /** RW: {@link #COMMAND_START}, {@link #COMMAND_TO_MEMORY}, {@link #COMMAND_INTERRUPT}. */
    DMA_COMMAND(0x98, 8);

    /** Version 1.0 of the device. */
    static final int IDENTIFICATION_VALUE = 0x0100_00ED;

    static final int STATUS_COMPUTING = 0x01;
    static final int STATUS_INTERRUPT = 0x80;

    static final int CAUSE_FACTORIAL = 0x001;
    static final int CAUSE_DMA = 0x100;

    static final int COMMAND_START = 0x1;
    static final int COMMAND_TO_MEMORY = 0x2;
    static final int COMMAND_INTERRUPT = 0x4;

    /** Registers from here on take 8-byte accesses too. */
    static final long WIDE_FROM = 0x80;

    /** Size of BAR0. */
    static final long BAR_SIZE = 1 << 20;

    private static final EduRegister[] BY_WORD = new EduRegister[(DMA_COMMAND.offset + 8) / 4];

    static {
        for (EduRegister register : values()) {
            BY_WORD[register.offset / 4] = register;
        }
    }

    final int offset;
    final int bytes;

    EduRegister(int offset, int bytes) {
        this.offset = offset;
        this.bytes = bytes;
    }

    /**
     * {@return the register that an access reaches, or null} A 64-bit register is reached at its first byte only; a
     * 4-byte access there reads the low half and writes the whole register, zero-extended.
     */
    static EduRegister at(long offset, int size) {
        boolean sizeFits = size == 4 || size == 8 && offset >= WIDE_FROM;
        return sizeFits && offset % 4 == 0 && offset / 4 < BY_WORD.length ? BY_WORD[(int) (offset / 4)] : null;
    }
}
