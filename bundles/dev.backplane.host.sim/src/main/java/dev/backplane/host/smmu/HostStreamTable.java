package dev.backplane.host.smmu;

import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.HostPort;
import dev.backplane.hostiommu.HostException;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.util.List;

/**
 * The stream table of a physical SMMU: two levels, 64 STEs in each table of the second (IHI 0070 section 3.3). An
 * STE has
 * eight words and is fetched word by word, so it is replaced in a copy of its second-level table; one store of the
 * level 1 descriptor then makes the copy count. Guarded by its SMMU.
 */
final class HostStreamTable {
    private static final int SPLIT = 6;
    private static final int STES = 1 << SPLIT;
    private static final int TWO_LEVEL = 1 << 16;

    private final HostMemory memory;
    private final HostPort port;
    private final int log2Size;
    private final int pages;
    private final long base;

    HostStreamTable(HostMemory memory, HostPort port, int log2Size) throws HostException {
        this.memory = memory;
        this.port = port;
        this.log2Size = log2Size;
        pages = Math.max(1, (L1Std.BYTES << log2Size - SPLIT) >>> HostMemory.PAGE_SHIFT);
        base = memory.allocate(pages);
    }

    /** {@return STRTAB_BASE} */
    long base() {
        return base;
    }

    /** {@return STRTAB_BASE_CFG} */
    long layout() {
        return TWO_LEVEL | SPLIT << 6 | log2Size;
    }

    /** Replaces the STEs of streams that lie in one second-level table. */
    void replace(List<Integer> streamIds, long[] ste, Runnable invalidate) throws HostException {
        int table = streamIds.getFirst() >>> SPLIT;
        if (streamIds.stream().anyMatch(streamId -> streamId >>> SPLIT != table)) {
            throw new IllegalArgumentException("StreamIDs %s: expected those of one device, side by side"
                    .formatted(streamIds));
        }
        long descriptor = base + (long) L1Std.BYTES * table;
        long old = L1Std.L2PTR.bits().inPlace(port.load(descriptor));
        long copy = memory.allocate(1);
        for (int word = 0; old != 0 && word < STES * Ste.BYTES / 8; word++) {
            port.store(copy + 8L * word, port.load(old + 8L * word));
        }
        for (int streamId : streamIds) {
            for (int word = 0; word < ste.length; word++) {
                port.store(copy + (long) Ste.BYTES * (streamId & STES - 1) + 8L * word, ste[word]);
            }
        }
        port.store(descriptor, copy | SPLIT + 1);
        invalidate.run();
        if (old != 0) {
            memory.free(old, 1);
        }
    }

    /** Replaces the first word of an STE by one that makes the others irrelevant. */
    void block(int streamId, long word) {
        long table = L1Std.L2PTR.bits().inPlace(port.load(base + (long) L1Std.BYTES * (streamId >>> SPLIT)));
        if (table != 0) {
            port.store(table + (long) Ste.BYTES * (streamId & STES - 1), word);
        }
    }

    void free() {
        for (int i = 0; i < 1 << log2Size - SPLIT; i++) {
            long table = L1Std.L2PTR.bits().inPlace(port.load(base + (long) L1Std.BYTES * i));
            if (table != 0) {
                memory.free(table, 1);
            }
        }
        memory.free(base, pages);
    }
}
