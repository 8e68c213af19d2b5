package dev.backplane.smmuv3.translate;

/**
 * The addresses that a TLB invalidation by address names (IHI 0070 sections 4.4.1 and 3.17). Immutable.
 *
 * @param first first address of the range
 * @param last last address of the range, inclusive; equal to {@code first} for a single address, which names the whole
 *     page or block around it
 * @param leaf only last-level entries need to go; cached tables may stay
 */
public record TlbRange(long first, long last, boolean leaf) {

    /** {@return the range of one address} */
    public static TlbRange single(long address, boolean leaf) {
        return new TlbRange(address, address, leaf);
    }

    /**
     * {@return the range of a command with range fields}; the level hint TTL only narrows what must go, so it is not
     * needed
     *
     * @param address first address, bits [63:12]
     * @param num field NUM, 0 to 31
     * @param scale field SCALE, 0 to 31, and to 63 with IDR5.DS = 1
     * @param granule granule of field TG
     * @param leaf field Leaf
     */
    public static TlbRange of(long address, int num, int scale, Granule granule, boolean leaf) {
        int shift = scale + granule.shift();
        long first = address & -(1L << granule.shift());
        if (shift >= 64 || num + 1L > (-1L >>> shift)) {
            return new TlbRange(first, -1L, leaf);
        }
        long last = first + ((num + 1L) << shift) - 1;
        return new TlbRange(first, Long.compareUnsigned(last, first) < 0 ? -1L : last, leaf);
    }

    /** {@return whether this names exactly one address} */
    public boolean isSingle() {
        return first == last;
    }

    /** {@return whether any address of {@code [start, start + mask]} is in the range} */
    boolean intersects(long start, long mask) {
        return Long.compareUnsigned(start, last) <= 0 && Long.compareUnsigned(start | mask, first) >= 0;
    }
}
