package dev.backplane.smmuv3.translate;

/**
 * How much a translator caches.
 *
 * @param log2TlbEntries log2 of the most entries that the TLB grows to, 2 to 20
 * @param log2WalkEntries log2 of the entries of the walk cache, 1 to 16, or 0 for no walk cache
 */
public record CacheSizes(int log2TlbEntries, int log2WalkEntries) {
    /** At most 65,536 TLB entries, and 4,096 entries of the walk cache. */
    public static final CacheSizes DEFAULT = new CacheSizes(16, 12);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a size is outside its range
     */
    public CacheSizes {
        check("TLB", log2TlbEntries, 2, 20);
        check("walk cache", log2WalkEntries, 0, 16);
    }

    private static void check(String cache, int log2, int least, int most) {
        if (log2 < least || log2 > most) {
            throw new IllegalArgumentException(
                    "%s of 2^%d entries: expected an exponent from %d to %d".formatted(cache, log2, least, most));
        }
    }
}
