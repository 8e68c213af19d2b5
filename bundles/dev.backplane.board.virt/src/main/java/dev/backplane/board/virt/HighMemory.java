package dev.backplane.board.virt;

/**
 * The regions above RAM, each at a multiple of its size, in this order: further redistributors, configuration space of
 * 256 buses, 64-bit memory of PCI. A region that is off takes no room, unless the layout is not compact.
 *
 * @param redistributors base of the second region of redistributors, or -1
 * @param ecam base of the configuration space, or -1
 * @param mmio base of the 64-bit memory window, or -1
 * @param mmioSize size of that window
 */
record HighMemory(long redistributors, long ecam, long mmio, long mmioSize) {
    static final long REDISTRIBUTORS_SIZE = 64L << 20;
    static final long ECAM_SIZE = 256L << 20;
    static final int ECAM_BUSES = 256;
    private static final long CXL_SIZE = 1L << 20;
    private static final long LOWEST = 256L << 30;
    private static final long GIB = 1L << 30;

    /** {@return the layout that options give} */
    static HighMemory of(VirtOptions options) {
        long endOfRam = up(AddressMap.RAM.base() + options.memory(), GIB);
        var cursor = new Cursor(Math.max(endOfRam, LOWEST), options.compactHighmem());
        long redistributors = cursor.place(REDISTRIBUTORS_SIZE, options.highRedistributors());
        // CXL host bridges have their place here in every layout that is not compact; this machine has none.
        cursor.place(CXL_SIZE, false);
        long ecam = cursor.place(ECAM_SIZE, options.highEcam());
        long mmio = cursor.place(options.highMmioSize(), options.highMmio());
        return new HighMemory(redistributors, ecam, mmio, options.highMmioSize());
    }

    private static long up(long address, long size) {
        return Math.ceilDiv(address, size) * size;
    }

    /** Walks up through high memory. */
    private static final class Cursor {
        private final boolean compact;
        private long at;

        Cursor(long at, boolean compact) {
            this.at = at;
            this.compact = compact;
        }

        long place(long size, boolean enabled) {
            long base = up(at, size);
            if (enabled || !compact) {
                at = base + size;
            }
            return enabled ? base : -1;
        }
    }
}
