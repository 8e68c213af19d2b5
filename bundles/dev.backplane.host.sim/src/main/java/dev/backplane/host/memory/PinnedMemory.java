package dev.backplane.host.memory;

import java.util.List;

/**
 * Memory of this process at the host-physical addresses where devices reach it. Immutable.
 *
 * @param length bytes
 * @param runs its parts, ascending by offset
 */
public record PinnedMemory(long length, List<Run> runs) {

    /** Copies the list. */
    public PinnedMemory {
        runs = List.copyOf(runs);
    }

    /**
     * A part that is contiguous in host-physical memory, naturally aligned.
     *
     * @param offset offset in the memory
     * @param address host-physical address
     * @param length bytes: 2 MiB, 64 KiB or 4 KiB
     */
    public record Run(long offset, long address, long length) {}
}
