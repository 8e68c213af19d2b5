package dev.backplane.pci;

import dev.backplane.memory.MmioRegion;

/**
 * A base address register.
 *
 * @param index number of the (first) BAR, 0 to 5
 * @param kind address space and width
 * @param prefetchable whether reads have no side effects
 * @param region what it maps; its size is a power of two, at least 16 bytes (4 in I/O space)
 */
public record Bar(int index, Kind kind, boolean prefetchable, MmioRegion region) {

    /** Address space and width of a BAR. */
    public enum Kind {
        /** 32-bit memory. */
        MEMORY_32,
        /** 64-bit memory; takes two BARs. */
        MEMORY_64,
        /** I/O space. */
        IO
    }

    /**
     * Checks index and size.
     *
     * @throws IllegalArgumentException if the BAR does not fit or the region's size is no power of two
     */
    public Bar {
        if (index < 0 || index > (kind == Kind.MEMORY_64 ? 4 : 5)) {
            throw new IllegalArgumentException("BAR%d: no such %s BAR".formatted(index, kind));
        }
        if (Long.bitCount(region.size()) != 1 || region.size() < (kind == Kind.IO ? 4 : 16)) {
            throw new IllegalArgumentException("BAR%d: region %s of 0x%x bytes: expected a power of two of at least 16"
                    .formatted(index, region.name(), region.size()));
        }
    }
}
