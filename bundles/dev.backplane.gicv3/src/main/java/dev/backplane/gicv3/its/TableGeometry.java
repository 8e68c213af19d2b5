package dev.backplane.gicv3.its;

import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.memory.TransactionContext;

/**
 * Where the entries of a device or collection table are: flat, or in pages that a first-level table points to (IHI
 * 0069, GITS_BASERn). Immutable.
 *
 * @param valid whether software provided the table
 * @param indirect whether the table has two levels
 * @param address address of the table or of its first level
 * @param pageBytes size of a page
 * @param bytes size of the table or of its first level
 */
record TableGeometry(boolean valid, boolean indirect, long address, int pageBytes, long bytes) {
    /** The table has no entry for the index. */
    static final long OUT_OF_RANGE = -1;

    /** The first level is not in memory. */
    static final long FAULT = -2;

    private static final long L1_VALID = 1L << 63;
    private static final long L1_ADDRESS = 0xF_FFFF_FFFF_F000L;

    /** {@return what a GITS_BASERn says} */
    static TableGeometry of(long baser) {
        int pageBytes = 4096 << 2 * ItsRegisters.BASER_PAGE_SIZE.getInt(baser);
        long address = ItsRegisters.BASER_ADDRESS.inPlace(baser);
        if (pageBytes == 1 << 16) {
            // Bits [15:12] are address bits [51:48] when pages have 64 KiB.
            address = address & -pageBytes | (address >>> 12 & 0xF) << 48;
        } else {
            address &= -pageBytes;
        }
        return new TableGeometry(
                ItsRegisters.VALID.isSet(baser),
                ItsRegisters.BASER_INDIRECT.isSet(baser),
                address,
                pageBytes,
                (ItsRegisters.BASER_SIZE.get(baser) + 1) * pageBytes);
    }

    /** {@return the number of entries that the table can have} */
    long capacity() {
        long inTable = bytes / ItsRegisters.ENTRY_BYTES;
        return !valid ? 0 : indirect ? inTable * (pageBytes / ItsRegisters.ENTRY_BYTES) : inTable;
    }

    /** {@return the address of an entry, {@link #OUT_OF_RANGE} or {@link #FAULT}} */
    long entry(TransactionContext context, TableMemory memory, long index) {
        if (index >= capacity()) {
            return OUT_OF_RANGE;
        }
        if (!indirect) {
            return address + index * ItsRegisters.ENTRY_BYTES;
        }
        int perPage = pageBytes / ItsRegisters.ENTRY_BYTES;
        if (!memory.load(context, address + index / perPage * 8)) {
            return FAULT;
        }
        long level1 = context.data();
        if ((level1 & L1_VALID) == 0) {
            return OUT_OF_RANGE;
        }
        return (level1 & L1_ADDRESS & -pageBytes) + index % perPage * ItsRegisters.ENTRY_BYTES;
    }
}
