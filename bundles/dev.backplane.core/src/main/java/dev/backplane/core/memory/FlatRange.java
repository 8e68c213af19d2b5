package dev.backplane.core.memory;

/** One range of the flat view: RAM or a part of a mapped region. */
final class FlatRange {
    final long first;
    final long last;
    final RamBlock ram;
    final MappedRegion region;
    /** Offset in RAM block or region of {@link #first}. */
    final long offset;

    FlatRange(long first, long last, RamBlock ram, MappedRegion region, long offset) {
        this.first = first;
        this.last = last;
        this.ram = ram;
        this.region = region;
        this.offset = offset;
    }

    boolean holds(long address) {
        return Long.compareUnsigned(address - first, last - first) <= 0;
    }

    /** {@return how many bytes from an address to the end of the range, minus one} */
    long rest(long address) {
        return last - address;
    }
}
