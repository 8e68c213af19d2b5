package dev.backplane.vm.load;

import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.MemoryImage;
import java.util.Map;
import java.util.TreeMap;

/** Finds RAM that nothing in a capture uses: no page of it, and no page that a stream maps. */
final class FreeMemory {
    private static final long RAM_BASE = 0x4000_0000L;
    private static final long ALIGNMENT = 1 << 16;

    private final TreeMap<Long, Long> taken = new TreeMap<>();
    private final long end;

    FreeMemory(Capture capture) {
        end = RAM_BASE + capture.machine().memory();
        for (MemoryImage.Page page : capture.memory().pages()) {
            occupy(page.address(), page.length());
        }
        capture.mappings().forEach(row -> occupy(row.output(), row.size()));
    }

    /** Taken memory is rounded to the alignment, so that ranges never need splitting. */
    private void occupy(long address, long size) {
        long first = address & -ALIGNMENT;
        taken.merge(first, (address + size + ALIGNMENT - 1) & -ALIGNMENT, Math::max);
    }

    /**
     * Takes memory, from the top of RAM down.
     *
     * @throws IllegalStateException if there is none
     */
    long take(long size) {
        long rounded = (size + ALIGNMENT - 1) & -ALIGNMENT;
        long candidate = (end - rounded) & -ALIGNMENT;
        while (candidate >= RAM_BASE) {
            Map.Entry<Long, Long> before = taken.lowerEntry(candidate + rounded);
            if (before == null || before.getValue() <= candidate) {
                occupy(candidate, rounded);
                return candidate;
            }
            candidate = before.getKey() - rounded;
        }
        throw new IllegalStateException("no %d bytes of RAM are free for a table of the ITS".formatted(size));
    }
}
