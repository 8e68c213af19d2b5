package dev.backplane.board.virt;

import dev.backplane.board.Placement;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.SlotDefinition;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Shared peripheral interrupts of a GIC that two devices drive, so that software cannot tell which of them it was. The
 * reference map has such a case: a GICv2m frame beside the machine's own SMMU.
 *
 * @param one a device, or the root bus with INTA to INTD
 * @param other another
 * @param intids INTIDs of the inputs that both drive
 */
record SharedInterrupts(String one, String other, BitSet intids) {
    private static final int INTX_LINES = 4;

    /** {@return every pair of a machine that shares inputs} */
    static List<SharedInterrupts> among(List<RootBusDefinition> buses, List<SlotDefinition> slots) {
        Map<String, BitSet> inputs = new LinkedHashMap<>();
        for (RootBusDefinition bus : buses) {
            var intx = new BitSet();
            intx.set(bus.firstIntid(), bus.firstIntid() + INTX_LINES);
            inputs.put(bus.name(), intx);
        }
        for (SlotDefinition slot : slots) {
            inputs.put(slot.name(), inputs(slot));
        }
        var shared = new ArrayList<SharedInterrupts>();
        var names = List.copyOf(inputs.keySet());
        for (int i = 0; i < names.size(); i++) {
            for (int j = i + 1; j < names.size(); j++) {
                var both = (BitSet) inputs.get(names.get(i)).clone();
                both.and(inputs.get(names.get(j)));
                if (!both.isEmpty()) {
                    shared.add(new SharedInterrupts(names.get(i), names.get(j), both));
                }
            }
        }
        return shared;
    }

    /** {@return INTIDs of the inputs of the GIC that a device drives} */
    static BitSet inputs(SlotDefinition slot) {
        var inputs = new BitSet();
        if (slot.placement() instanceof Placement.SystemBus bus) {
            bus.lines().values().forEach(wire -> inputs.set(wire.intid()));
        }
        return inputs;
    }

    boolean concerns(String device) {
        return one.equals(device) || other.equals(device);
    }

    @Override
    public String toString() {
        int first = intids.nextSetBit(0) - InterruptMap.FIRST_SPI_INTID;
        int last = intids.length() - 1 - InterruptMap.FIRST_SPI_INTID;
        return first == last
                ? "SPI %d belongs to both %s and %s".formatted(first, one, other)
                : "SPIs %d to %d belong to both %s and %s".formatted(first, last, one, other);
    }
}
