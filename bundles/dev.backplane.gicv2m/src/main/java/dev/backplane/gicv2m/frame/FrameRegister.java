package dev.backplane.gicv2m.frame;

import dev.backplane.register.BitField;

/** Registers of a GICv2m MSI frame (Arm Server Base System Architecture, GICv2m). Others read as zero. */
enum FrameRegister {
    /** RO: {@link #BASE_SPI} and {@link #SPI_COUNT}. */
    MSI_TYPER(0x008),
    /** WO: the INTID of the SPI to make pending, {@link #SPI}; 16 or 32 bits wide. */
    MSI_SETSPI_NS(0x040),
    /** RO: implementation defined. */
    MSI_IIDR(0xFCC);

    /** INTID of the first SPI of the frame. */
    static final BitField BASE_SPI = BitField.bits("BASE_SPI", 25, 16);
    /** Number of SPIs of the frame. */
    static final BitField SPI_COUNT = BitField.bits("SPI_COUNT", 9, 0);
    /** INTID in MSI_SETSPI_NS. */
    static final BitField SPI = BitField.bits("SPI", 9, 0);

    /** No implementer code and no revision: a virtual frame, as the reference board shows it. */
    static final long IIDR_VALUE = 0x0510_0000L;

    static final long REGION_SIZE = 0x1000;

    final int offset;

    FrameRegister(int offset) {
        this.offset = offset;
    }

    /** {@return the register at an offset, or null} */
    static FrameRegister at(long offset) {
        for (FrameRegister register : values()) {
            if (register.offset == offset) {
                return register;
            }
        }
        return null;
    }
}
