package dev.backplane.vm.capture;

/** The registers of an SMMUv3 that captures hold (IHI 0070 section 6.2). */
public enum SmmuRegister {
    /** Features. */
    IDR0(0x00, 4),
    /** Sizes. */
    IDR1(0x04, 4),
    /** Features. */
    IDR3(0x0C, 4),
    /** Address sizes and granules. */
    IDR5(0x14, 4),
    /** Enables. */
    CR0(0x20, 4),
    /** Acknowledges CR0. */
    CR0ACK(0x24, 4),
    /** Attributes of accesses to tables and queues. */
    CR1(0x28, 4),
    /** Behaviour. */
    CR2(0x2C, 4),
    /** Attributes of global bypass. */
    GBPA(0x44, 4),
    /** Interrupt enables. */
    IRQ_CTRL(0x50, 4),
    /** Acknowledges IRQ_CTRL. */
    IRQ_CTRLACK(0x54, 4),
    /** Global errors. */
    GERROR(0x60, 4),
    /** Acknowledges GERROR. */
    GERRORN(0x64, 4),
    /** Stream table. */
    STRTAB_BASE(0x80, 8),
    /** Format of the stream table. */
    STRTAB_BASE_CFG(0x88, 4),
    /** Command queue. */
    CMDQ_BASE(0x90, 8),
    /** Command queue, write index. */
    CMDQ_PROD(0x98, 4),
    /** Command queue, read index. */
    CMDQ_CONS(0x9C, 4),
    /** Event queue. */
    EVENTQ_BASE(0xA0, 8),
    /** Event queue, write index, in page 1. */
    EVENTQ_PROD(0x100A8, 4),
    /** Event queue, read index, in page 1. */
    EVENTQ_CONS(0x100AC, 4);

    /** Offset of the second register page. */
    public static final int PAGE_1 = 0x10000;

    private final int offset;
    private final int bytes;

    SmmuRegister(int offset, int bytes) {
        this.offset = offset;
        this.bytes = bytes;
    }

    /** {@return the offset in the register frame} */
    public int offset() {
        return offset;
    }

    /** {@return the width: 4 or 8} */
    public int bytes() {
        return bytes;
    }
}
