package dev.backplane.host.pci;

import java.util.BitSet;

/**
 * The MSI-X table and the pending bits of a function (PCIe 7.7.2), in BAR1. The host programs it. Guarded by its
 * function.
 */
final class MsixUnit {
    static final int VECTORS = 32;
    static final int BAR = 1;
    static final int BAR_BYTES = 0x1000;
    static final int PBA = 0x800;
    private static final int ENTRY_WORDS = 4;
    private static final int MASKED = 1;

    private final int[] table = new int[VECTORS * ENTRY_WORDS];
    private final BitSet pending = new BitSet(VECTORS);

    MsixUnit() {
        reset();
    }

    void reset() {
        for (int vector = 0; vector < VECTORS; vector++) {
            program(vector, 0, 0, true);
        }
        pending.clear();
    }

    void program(int vector, long address, int data, boolean masked) {
        table[vector * ENTRY_WORDS] = (int) address;
        table[vector * ENTRY_WORDS + 1] = (int) (address >>> 32);
        table[vector * ENTRY_WORDS + 2] = data;
        table[vector * ENTRY_WORDS + 3] = masked ? MASKED : 0;
    }

    boolean isMasked(int vector) {
        return (table[vector * ENTRY_WORDS + 3] & MASKED) != 0;
    }

    long address(int vector) {
        return table[vector * ENTRY_WORDS] & 0xFFFF_FFFFL | (long) table[vector * ENTRY_WORDS + 1] << 32;
    }

    int data(int vector) {
        return table[vector * ENTRY_WORDS + 2];
    }

    void setPending(int vector) {
        pending.set(vector);
    }

    /** {@return whether the vector was pending; it is not any more} */
    boolean takePending(int vector) {
        boolean was = pending.get(vector);
        pending.clear(vector);
        return was;
    }

    /** Reads BAR1, 4 bytes. */
    int read(int offset) {
        if (offset < VECTORS * ENTRY_WORDS * 4) {
            return table[offset / 4];
        }
        if (offset == PBA || offset == PBA + 4) {
            long[] words = pending.toLongArray();
            return words.length == 0 ? 0 : (int) (words[0] >>> 8 * (offset - PBA));
        }
        return 0;
    }
}
