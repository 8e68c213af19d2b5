package dev.backplane.gicv2m.gic;

/** Registers of the GICv2 Distributor (IHI 0048B, table 4-1). Offsets that none covers are reserved: RAZ/WI. */
enum GicdRegister {
    /** Distributor Control Register. */
    CTLR(0x000, 0x4, 0),
    /** Interrupt Controller Type Register. */
    TYPER(0x004, 0x4, 0),
    /** Distributor Implementer Identification Register. */
    IIDR(0x008, 0x4, 0),
    /** Interrupt Group Registers. */
    IGROUPR(0x080, 0x80, 1),
    /** Interrupt Set-Enable Registers. */
    ISENABLER(0x100, 0x80, 1),
    /** Interrupt Clear-Enable Registers. */
    ICENABLER(0x180, 0x80, 1),
    /** Interrupt Set-Pending Registers. */
    ISPENDR(0x200, 0x80, 1),
    /** Interrupt Clear-Pending Registers. */
    ICPENDR(0x280, 0x80, 1),
    /** Interrupt Set-Active Registers. */
    ISACTIVER(0x300, 0x80, 1),
    /** Interrupt Clear-Active Registers. */
    ICACTIVER(0x380, 0x80, 1),
    /** Interrupt Priority Registers, byte-accessible. */
    IPRIORITYR(0x400, 0x400, 8),
    /** Interrupt Processor Targets Registers, byte-accessible. */
    ITARGETSR(0x800, 0x400, 8),
    /** Interrupt Configuration Registers. */
    ICFGR(0xC00, 0x100, 2),
    /** Software Generated Interrupt Register. */
    SGIR(0xF00, 0x4, 0),
    /** SGI Clear-Pending Registers, byte-accessible. */
    CPENDSGIR(0xF10, 0x10, 8),
    /** SGI Set-Pending Registers, byte-accessible. */
    SPENDSGIR(0xF20, 0x10, 8),
    /** Peripheral and component identification registers. */
    IDENTIFICATION(0xFD0, 0x30, 0);

    /** Size of the Distributor's region. */
    static final long REGION_SIZE = 0x1000;

    private static final GicdRegister[] BY_WORD = new GicdRegister[(int) REGION_SIZE / 4];

    static {
        for (GicdRegister register : values()) {
            for (int word = register.offset / 4; word < (register.offset + register.length) / 4; word++) {
                if (BY_WORD[word] != null) {
                    throw new ExceptionInInitializerError(register + " overlaps " + BY_WORD[word]);
                }
                BY_WORD[word] = register;
            }
        }
    }

    final int offset;
    final int length;
    /** Bits that each interrupt has in the register; 0 when it is no array by interrupt. */
    final int bitsPerInterrupt;

    GicdRegister(int offset, int length, int bitsPerInterrupt) {
        this.offset = offset;
        this.length = length;
        this.bitsPerInterrupt = bitsPerInterrupt;
    }

    /** {@return the register at an offset, or null} */
    static GicdRegister at(long offset) {
        return BY_WORD[(int) (offset / 4)];
    }

    boolean isByteAccessible() {
        return bitsPerInterrupt == 8;
    }

    /** {@return the INTID of the first interrupt in an access at this offset} */
    int firstIntid(long accessOffset) {
        return (int) (accessOffset - offset) * 8 / bitsPerInterrupt;
    }
}
