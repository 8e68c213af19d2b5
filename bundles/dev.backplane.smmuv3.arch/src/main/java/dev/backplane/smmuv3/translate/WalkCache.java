package dev.backplane.smmuv3.translate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Where walks found last-level tables: a bounded array of immutable entries, read without locks. An entry stands for
 * the 4 KiB of a last-level table that hold the descriptors of 512 neighbouring pages, so that one stage 2 page always
 * holds all of it. The address is physical: what stage 2 made of a stage 1 table's address is cached with it.
 *
 * <p>Nothing is ever removed: entries belong to the {@link TranslationContext#tableEra} that they were filled in.
 */
final class WalkCache {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TablePointer[].class);

    /** Address bits that 512 descriptors resolve. */
    private static final int PIECE_STRIDE = 9;

    private static final int PIECE_MASK = 0xFFF;

    /**
     * An entry.
     *
     * @param tag the stage in bit 0, input address bits above the piece in the others
     * @param piece physical address of 4 KiB of a last-level table
     * @param hierarchy attributes that the tables before it impose
     */
    record TablePointer(Era era, long tag, long piece, long hierarchy) {
        /** {@return physical address of a descriptor of the table} */
        long descriptor(long index) {
            return piece | index << 3 & PIECE_MASK;
        }
    }

    private final TablePointer[] slots;
    private final int bits;

    /** Makes a cache of 2^log2Entries entries. */
    WalkCache(int log2Entries) {
        slots = new TablePointer[1 << log2Entries];
        bits = log2Entries;
    }

    private static long tag(int stage, int pageShift, long input) {
        return input >>> pageShift + PIECE_STRIDE << 1 | stage & 1;
    }

    private int slot(Era era, long tag) {
        return (int) (tag + era.context.spread(bits)) & slots.length - 1;
    }

    /**
     * {@return the last-level table that resolves an input address, or null}
     *
     * @param pageShift log2 of the stage's page size
     */
    TablePointer find(Era era, int stage, int pageShift, long input) {
        long tag = tag(stage, pageShift, input);
        TablePointer entry = (TablePointer) SLOT.getAcquire(slots, slot(era, tag));
        return entry != null && entry.era == era && entry.tag == tag ? entry : null;
    }

    /**
     * Stores what a walk found.
     *
     * @param era the context's era from before the tables were read
     * @param descriptor physical address of the last-level descriptor of the input address
     */
    void insert(Era era, int stage, int pageShift, long input, long descriptor, long hierarchy) {
        long tag = tag(stage, pageShift, input);
        SLOT.setRelease(slots, slot(era, tag), new TablePointer(era, tag, descriptor & -4096L, hierarchy));
    }
}
