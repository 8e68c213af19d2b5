package dev.backplane.devices.testdev;

import dev.backplane.register.BitField;

/** The registers of {@code iommu-testdev} in BAR0, all 32 bits wide. Everything else reads as zero. */
enum TestRegister {
    /** RO: a read performs the armed transfer; reads as zero. */
    TRIGGER(0x00),
    /** RW: bits [31:0] of the IOVA that is written. */
    GVA_LO(0x04),
    /** RW: bits [63:32] of the IOVA. */
    GVA_HI(0x08),
    /** RW: bytes to transfer. */
    LEN(0x0C),
    /** RW: how the last transfer ended. */
    RESULT(0x10),
    /** WO: {@link #ARM}. */
    DBELL(0x14),
    /** RW: {@link #SECURE}, {@link #SPACE}, {@link #SPACE_VALID}. */
    ATTRS(0x18),
    /** RW: bits [31:0] of the physical address that is read back. */
    GPA_LO(0x1C),
    /** RW: bits [63:32] of the physical address. */
    GPA_HI(0x20);

    /** One arms the device, zero disarms it. */
    static final BitField ARM = BitField.bit("ARM", 0);

    static final BitField SECURE = BitField.bit("SECURE", 0);
    /** {@link #SPACE_NON_SECURE}; the others are Secure (0), Root (2) and Realm (3). */
    static final BitField SPACE = BitField.bits("SPACE", 2, 1);
    /** Whether {@link #SPACE} counts; if not, the transaction is Non-secure. */
    static final BitField SPACE_VALID = BitField.bit("SPACE_VALID", 3);

    static final int SPACE_NON_SECURE = 1;

    static final long BAR_SIZE = 0x1000;

    private static final TestRegister[] BY_WORD = new TestRegister[GPA_HI.offset / 4 + 1];

    static {
        for (TestRegister register : values()) {
            BY_WORD[register.offset / 4] = register;
        }
    }

    final int offset;

    TestRegister(int offset) {
        this.offset = offset;
    }

    /** {@return the register at an offset, or null} */
    static TestRegister at(long offset) {
        return offset < BY_WORD.length * 4L ? BY_WORD[(int) (offset / 4)] : null;
    }
}
