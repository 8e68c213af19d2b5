package dev.backplane.board;

import java.util.List;

/**
 * A machine, laid out. Immutable.
 *
 * @param ram RAM banks, ascending
 * @param rootBuses PCI root buses that exist from the start
 * @param slots slots in the order in which they are realized
 */
public record MachineDefinition(List<RamBank> ram, List<RootBusDefinition> rootBuses, List<SlotDefinition> slots) {

    /** Copies the lists. */
    public MachineDefinition {
        ram = List.copyOf(ram);
        rootBuses = List.copyOf(rootBuses);
        slots = List.copyOf(slots);
    }

    /**
     * A bank of guest RAM.
     *
     * @param name name in memory maps
     * @param base guest-physical address
     * @param size bytes
     * @param file path of a file that backs the RAM and that other processes may share, or {@code ""} for anonymous
     *     memory
     */
    public record RamBank(String name, long base, long size, String file) {}
}
