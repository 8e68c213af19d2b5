package dev.backplane.gicv3.gic;

/**
 * The register arrays that a distributor and the SGI frame of a redistributor have at the same offsets (IHI 0069,
 * register maps of chapter 12). With one security state and affinity routing, IGRPMODR, NSACR and ITARGETSR are RES0
 * and not listed.
 */
enum BankRegister {
    IGROUPR(0x080, 1),
    ISENABLER(0x100, 1),
    ICENABLER(0x180, 1),
    ISPENDR(0x200, 1),
    ICPENDR(0x280, 1),
    ISACTIVER(0x300, 1),
    ICACTIVER(0x380, 1),
    IPRIORITYR(0x400, 8),
    ICFGR(0xC00, 2);

    /** First offset of the arrays. */
    static final int START = 0x080;

    /** First offset behind them. */
    static final int END = 0xF00;

    private final int offset;
    private final int bitsPerInterrupt;

    BankRegister(int offset, int bitsPerInterrupt) {
        this.offset = offset;
        this.bitsPerInterrupt = bitsPerInterrupt;
    }

    /** {@return the array that holds an offset, or null} */
    static BankRegister at(int offset) {
        for (BankRegister register : values()) {
            if (offset >= register.offset && offset < register.offset + 128 * register.bitsPerInterrupt) {
                return register;
            }
        }
        return null;
    }

    /** {@return the offset of element 0} */
    int offset() {
        return offset;
    }

    /** {@return whether accesses of this size are allowed (IHI 0069, access sizes of GIC registers)} */
    boolean allows(int size) {
        return size == 4 || size == 1 && this == IPRIORITYR;
    }

    /** {@return the INTID of the first interrupt at an offset of this array} */
    int firstIntid(int at) {
        return (at - offset) * 8 / bitsPerInterrupt;
    }

    /** Reads the element at an offset. */
    long read(InterruptBank bank, int at, int size) {
        int index = firstIntid(at) - bank.first();
        int word = index >> 5;
        if (index < 0 || word >= bank.words()) {
            return 0;
        }
        return switch (this) {
            case IGROUPR -> Integer.toUnsignedLong(bank.group(word));
            case ISENABLER, ICENABLER -> Integer.toUnsignedLong(bank.enabled(word));
            case ISPENDR, ICPENDR -> Integer.toUnsignedLong(bank.pending(word));
            case ISACTIVER, ICACTIVER -> Integer.toUnsignedLong(bank.active(word));
            case IPRIORITYR -> priorities(bank, index, size);
            case ICFGR -> spread(bank.edge(word) >>> (index & 31));
        };
    }

    /** Writes the element at an offset. */
    void write(InterruptBank bank, int at, int size, long value) {
        int index = firstIntid(at) - bank.first();
        int word = index >> 5;
        if (index < 0 || word >= bank.words()) {
            return;
        }
        int bits = (int) value;
        switch (this) {
            case IGROUPR -> bank.setGroup(word, bits);
            case ISENABLER -> bank.enable(word, bits);
            case ICENABLER -> bank.disable(word, bits);
            case ISPENDR -> bank.pend(word, bits);
            case ICPENDR -> bank.unpend(word, bits);
            case ISACTIVER -> bank.activate(word, bits);
            case ICACTIVER -> bank.deactivate(word, bits);
            case IPRIORITYR -> {
                for (int i = 0; i < size; i++) {
                    bank.setPriority(index + i, bits >>> (8 * i));
                }
            }
            case ICFGR -> {
                int shift = index & 31;
                bank.setEdge(word, bank.edge(word) & ~(0xFFFF << shift) | gather(bits) << shift);
            }
        }
    }

    private static long priorities(InterruptBank bank, int index, int size) {
        long value = 0;
        for (int i = 0; i < size; i++) {
            value |= (long) bank.priority(index + i) << (8 * i);
        }
        return value;
    }

    /** {@return ICFGR: bit 2n+1 says that interrupt n is edge-triggered} */
    private static long spread(int edges) {
        long value = 0;
        for (int i = 0; i < 16; i++) {
            value |= (long) (edges >>> i & 1) << (2 * i + 1);
        }
        return value;
    }

    private static int gather(int value) {
        int edges = 0;
        for (int i = 0; i < 16; i++) {
            edges |= (value >>> (2 * i + 1) & 1) << i;
        }
        return edges;
    }
}
