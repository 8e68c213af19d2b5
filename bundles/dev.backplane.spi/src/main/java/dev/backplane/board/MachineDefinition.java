package dev.backplane.board;

import java.util.List;

/**
 * A machine, laid out. Immutable.
 *
 * @param ram RAM banks, ascending
 * @param rootBuses PCI root buses that exist from the start
 * @param slots slots in the order in which they are realized
 * @param accelerator what runs the guest
 */
public record MachineDefinition(
        List<RamBank> ram,
        List<RootBusDefinition> rootBuses,
        List<SlotDefinition> slots,
        AcceleratorChoice accelerator) {

    /** Makes a machine without an accelerator. */
    public MachineDefinition(List<RamBank> ram, List<RootBusDefinition> rootBuses, List<SlotDefinition> slots) {
        this(ram, rootBuses, slots, AcceleratorChoice.NONE);
    }

    /** Copies the lists. */
    public MachineDefinition {
        ram = List.copyOf(ram);
        rootBuses = List.copyOf(rootBuses);
        slots = List.copyOf(slots);
    }

    /**
     * What runs the guest. The board waits for it, and has a virtual machine of it as long as it exists.
     *
     * @param name name of the accelerator ({@link dev.backplane.accelerator.Accelerator#NAME}), for example {@code kvm};
     *     {@code ""} for none
     * @param irqchipInKernel whether the interrupt controllers are in the kernel
     */
    public record AcceleratorChoice(String name, boolean irqchipInKernel) {
        /** No accelerator. */
        public static final AcceleratorChoice NONE = new AcceleratorChoice("", false);
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
