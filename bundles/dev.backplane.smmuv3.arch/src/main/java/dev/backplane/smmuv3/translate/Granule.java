package dev.backplane.smmuv3.translate;

/** Translation granules of VMSAv8-64 (DDI 0487, section D8.2). */
public enum Granule {
    /** 4 KiB pages, 512 entries per table. */
    KIB4(12),
    /** 16 KiB pages, 2,048 entries per table. */
    KIB16(14),
    /** 64 KiB pages, 8,192 entries per table. */
    KIB64(16);

    private final int shift;

    Granule(int shift) {
        this.shift = shift;
    }

    /** {@return log2 of the page size, also of the table size} */
    public int shift() {
        return shift;
    }

    /** {@return log2 of the number of bytes that one entry of a level covers} */
    public int levelShift(int level) {
        return shift + (3 - level) * (shift - 3);
    }

    /** {@return address bits that one level resolves: 9, 11 or 13} */
    public int stride() {
        return shift - 3;
    }
}
