package dev.backplane.board;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where a device sits on its board. */
public sealed interface Placement {

    /**
     * On the system bus.
     *
     * @param regions guest-physical base address by region name; a region that is not named is not mapped
     * @param lines destination by line name; a line that is not named is not connected
     */
    record SystemBus(Map<String, Long> regions, Map<String, Wire> lines) implements Placement {
        /** Copies the maps. */
        public SystemBus {
            regions = Map.copyOf(regions);
            lines = Map.copyOf(lines);
        }
    }

    /**
     * On a PCI bus.
     *
     * @param bus name of the bus: a root bus, or the slot name of a root port or bridge
     * @param devfn device and function number, 0 to 255
     */
    record Pci(String bus, int devfn) implements Placement {}

    /**
     * The end of an interrupt line.
     *
     * @param controller slot of an interrupt controller
     * @param intid INTID of the input
     */
    record Wire(String controller, int intid) {}

    /** {@return no placement on any bus: a device without regions} */
    static Placement none() {
        return new SystemBus(Map.of(), Map.of());
    }

    /** {@return the INTIDs of consecutive wires to one controller, by line name} */
    static Map<String, Wire> wires(String controller, int firstIntid, List<String> lines) {
        var wires = new LinkedHashMap<String, Wire>();
        for (String line : lines) {
            wires.put(line, new Wire(controller, firstIntid + wires.size()));
        }
        return wires;
    }
}
