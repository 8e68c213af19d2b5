package dev.backplane.host.memory;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/** Frames of 2 MiB that are given away in naturally aligned runs of pages. Guarded by the memory that it serves. */
final class SplitFrames {
    static final int PAGES = 512;

    private final RandomGenerator random;
    private final Map<Integer, BitSet> used = new HashMap<>();
    private final List<Integer> withRoom = new ArrayList<>();

    SplitFrames(RandomGenerator random) {
        this.random = random;
    }

    /** {@return number of the first page of a free run, counted over all frames, or -1 when no frame has one} */
    long take(int pages) {
        for (int i = withRoom.size() - 1; i >= 0; i--) {
            int frame = withRoom.get(i);
            BitSet taken = used.get(frame);
            int slot = freeRun(taken, pages);
            if (slot >= 0) {
                taken.set(slot, slot + pages);
                if (taken.cardinality() == PAGES) {
                    withRoom.remove(i);
                }
                return (long) frame * PAGES + slot;
            }
        }
        return -1;
    }

    private int freeRun(BitSet taken, int pages) {
        int slots = PAGES / pages;
        int start = random.nextInt(slots);
        for (int i = 0; i < slots; i++) {
            int slot = (start + i) % slots * pages;
            int next = taken.nextSetBit(slot);
            if (next < 0 || next >= slot + pages) {
                return slot;
            }
        }
        return -1;
    }

    void add(int frame) {
        used.put(frame, new BitSet(PAGES));
        withRoom.add(frame);
    }

    /** {@return whether the frame of the run is all free now, and no longer one of these} */
    boolean give(long page, int pages) {
        int frame = (int) (page / PAGES);
        int slot = (int) (page % PAGES);
        BitSet taken = used.get(frame);
        if (taken == null || taken.get(slot, slot + pages).cardinality() != pages) {
            throw new IllegalStateException("host page 0x%x is given back, but was not taken".formatted(page << 12));
        }
        boolean wasFull = taken.cardinality() == PAGES;
        taken.clear(slot, slot + pages);
        if (taken.isEmpty()) {
            used.remove(frame);
            withRoom.remove((Integer) frame);
            return true;
        }
        if (wasFull) {
            withRoom.add(frame);
        }
        return false;
    }

    static MemorySegment[] slices(MemorySegment whole) {
        var pages = new MemorySegment[PAGES];
        for (int i = 0; i < PAGES; i++) {
            pages[i] = whole.asSlice((long) i << HostMemory.PAGE_SHIFT, HostMemory.PAGE_BYTES);
        }
        return pages;
    }
}
