package dev.backplane.gicv3.table;

/** The CoreSight identification registers at the end of each GIC frame (IHI 0069, chapter 12). */
public final class IdentificationRegisters {
    /** GICD_IIDR, GICR_IIDR, GITS_IIDR: implementer Arm (JEP106 0x43B). */
    public static final long IIDR = 0x43B;

    /** PIDR0 of a distributor. */
    public static final int DISTRIBUTOR = 0x92;

    /** PIDR0 of a redistributor. */
    public static final int REDISTRIBUTOR = 0x93;

    /** PIDR0 of an ITS. */
    public static final int ITS = 0x94;

    private static final int FIRST = 0xFFD0;
    /** PIDR4 to 7, PIDR0 to 3, CIDR0 to 3; PIDR2.ArchRev is 3 (GICv3). */
    private static final int[] WORDS = {0x44, 0, 0, 0, 0, 0xB4, 0x3B, 0, 0x0D, 0xF0, 0x05, 0xB1};

    private IdentificationRegisters() {}

    /** {@return whether an offset in a 64 KiB frame belongs to them} */
    public static boolean cover(int offset) {
        return offset >= FIRST;
    }

    /**
     * {@return a register}
     *
     * @param part {@link #DISTRIBUTOR}, {@link #REDISTRIBUTOR} or {@link #ITS}
     * @param offset offset in the frame
     */
    public static long read(int part, int offset) {
        int index = (offset - FIRST) / 4;
        return index == 4 ? part : WORDS[index];
    }
}
