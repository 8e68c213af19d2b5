package dev.backplane.gicv2m.gic;

import dev.backplane.register.BitField;

/** Registers of a GICv2 CPU interface (IHI 0048B, table 4-2), 32 bits each. */
enum GiccRegister {
    /** CPU Interface Control Register. */
    CTLR(0x0000),
    /** Interrupt Priority Mask Register. */
    PMR(0x0004),
    /** Binary Point Register. */
    BPR(0x0008),
    /** Interrupt Acknowledge Register. */
    IAR(0x000C),
    /** End of Interrupt Register. */
    EOIR(0x0010),
    /** Running Priority Register. */
    RPR(0x0014),
    /** Highest Priority Pending Interrupt Register. */
    HPPIR(0x0018),
    /** Aliased Binary Point Register. */
    ABPR(0x001C),
    /** Aliased Interrupt Acknowledge Register. */
    AIAR(0x0020),
    /** Aliased End of Interrupt Register. */
    AEOIR(0x0024),
    /** Aliased Highest Priority Pending Interrupt Register. */
    AHPPIR(0x0028),
    /** Active Priorities Registers, group 0. */
    APR0(0x00D0),
    APR1(0x00D4),
    APR2(0x00D8),
    APR3(0x00DC),
    /** Active Priorities Registers, group 1 (GICC_NSAPRn). */
    NSAPR0(0x00E0),
    NSAPR1(0x00E4),
    NSAPR2(0x00E8),
    NSAPR3(0x00EC),
    /** CPU Interface Identification Register. */
    IIDR(0x00FC),
    /** Deactivate Interrupt Register. */
    DIR(0x1000);

    /** Size of the region: two pages, GICC_DIR in the second. */
    static final long REGION_SIZE = 0x2000;

    static final BitField ENABLE_GRP0 = BitField.bit("EnableGrp0", 0);
    static final BitField ENABLE_GRP1 = BitField.bit("EnableGrp1", 1);
    static final BitField ACK_CTL = BitField.bit("AckCtl", 2);
    static final BitField FIQ_EN = BitField.bit("FIQEn", 3);
    static final BitField CBPR = BitField.bit("CBPR", 4);
    static final BitField BYPASS = BitField.bits("FIQBypDisGrp0..IRQBypDisGrp1", 8, 5);
    static final BitField EOI_MODE = BitField.bit("EOImode", 9);
    static final int CTLR_FIELDS = (int) (ENABLE_GRP0.mask() | ENABLE_GRP1.mask() | ACK_CTL.mask() | FIQ_EN.mask()
            | CBPR.mask() | BYPASS.mask() | EOI_MODE.mask());

    /** INTID in GICC_IAR, GICC_EOIR, GICC_HPPIR, GICC_DIR. */
    static final BitField INTERRUPT_ID = BitField.bits("InterruptID", 9, 0);
    /** Source processor of an SGI in the same registers. */
    static final BitField CPUID = BitField.bits("CPUID", 12, 10);

    private static final GiccRegister[] BY_WORD = new GiccRegister[(int) REGION_SIZE / 4];

    static {
        for (GiccRegister register : values()) {
            BY_WORD[register.offset / 4] = register;
        }
    }

    final int offset;

    GiccRegister(int offset) {
        this.offset = offset;
    }

    /** {@return the register at an offset, or null} */
    static GiccRegister at(long offset) {
        return BY_WORD[(int) (offset / 4)];
    }
}
