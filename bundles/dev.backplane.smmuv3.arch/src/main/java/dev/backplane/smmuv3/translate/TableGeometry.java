package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;

/**
 * Shape of one set of VMSAv8-64 translation tables (DDI 0487, section D8.2). Immutable.
 *
 * @param granule page size
 * @param inputBits number of input address bits that the tables resolve, 64 minus TxSZ
 * @param startLevel level of the first table, 0 to 3
 * @param base address of the first table, aligned to its size
 * @param outputBits effective output address size in bits; a larger address is an Address Size fault
 * @param wide descriptors carry address bits [51:48] (64 KiB granule, 52-bit output addresses implemented)
 */
public record TableGeometry(
        Granule granule, int inputBits, int startLevel, long base, int outputBits, boolean wide) {

    /** {@return the tables at a base address as programmed, which is aligned down to the size of the first table} */
    static TableGeometry of(
            Granule granule, int inputBits, int startLevel, long base, int outputBits, boolean wide) {
        int sizeLog2 = inputBits - granule.levelShift(startLevel) + 3;
        // A 52-bit output address size imposes an alignment of 64 bytes (IHI 0070 5.4 CD.TTB0, 5.2 STE.S2TTB).
        int alignLog2 = Math.max(sizeLog2, outputBits == 52 ? 6 : 4);
        return new TableGeometry(granule, inputBits, startLevel, base & -(1L << alignLog2), outputBits, wide);
    }

    /** {@return index of the entry for an address in the table of a level; concatenated tables count as one} */
    long index(long address, int level) {
        int shift = granule.levelShift(level);
        int bits = level == startLevel ? inputBits - shift : granule.stride();
        return (address >>> shift) & ((1L << bits) - 1);
    }

    /** {@return number of entries of the table of a level} */
    long entries(int level) {
        return 1L << (level == startLevel ? inputBits - granule.levelShift(level) : granule.stride());
    }

    /** {@return what a descriptor is at a level} */
    DescriptorKind kind(long descriptor, int level) {
        if (!TableDescriptor.VALID.isSet(descriptor)) {
            return DescriptorKind.INVALID;
        }
        if (TableDescriptor.TYPE.isSet(descriptor)) {
            return level == 3 ? DescriptorKind.PAGE : DescriptorKind.TABLE;
        }
        return hasBlocks(level) ? DescriptorKind.BLOCK : DescriptorKind.RESERVED;
    }

    private boolean hasBlocks(int level) {
        return switch (granule) {
            case KIB4 -> level == 1 || level == 2;
            case KIB16 -> level == 2;
            case KIB64 -> level == 2 || level == 1 && wide;
        };
    }

    /** {@return address of the next table in a table descriptor} */
    long nextTable(long descriptor) {
        return address(descriptor, granule.shift());
    }

    /** {@return output address of a page or block descriptor of a level} */
    long output(long descriptor, int level) {
        return address(descriptor, granule.levelShift(level));
    }

    private long address(long descriptor, int lowest) {
        long address = descriptor & 0x0000_FFFF_FFFF_FFFFL & -(1L << lowest);
        return wide ? address | TableDescriptor.ADDRESS_HIGH.get(descriptor) << 48 : address;
    }

    /** {@return whether an address exceeds the output address size} */
    boolean exceedsOutput(long address) {
        return address >>> outputBits != 0;
    }
}
