package dev.backplane.core.pci;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;

/** The root buses of a segment by number, and what is found below them. Guarded by the lock of its segment. */
final class BusTree {
    private final TreeMap<Integer, PciRootBus> roots = new TreeMap<>();

    /** {@return the root buses by number} */
    Collection<PciRootBus> roots() {
        return roots.values();
    }

    void add(PciRootBus root) {
        roots.put(root.number(), root);
    }

    /** Removes the root bus that an expander provides. */
    void removeRootOf(PciFunction expander) {
        roots.values().removeIf(root -> root.expander() == expander);
    }

    /** {@return the root bus of exactly this number, or null} */
    PciRootBus root(int number) {
        return roots.get(number);
    }

    /** {@return the root bus below which a bus number lies, or null} */
    PciRootBus rootOf(int number) {
        var entry = roots.floorEntry(number);
        return entry == null ? null : entry.getValue();
    }

    /** {@return the function that a configuration access to an address reaches, or null} */
    PciFunction functionAt(int requesterId) {
        PciRootBus root = rootOf(requesterId >>> 8);
        PciBus found = root == null ? null : root.find(requesterId >>> 8);
        return found == null ? null : found.function(requesterId & 0xFF);
    }

    /** {@return the bus of a name, or null} */
    PciBus bus(String name) {
        for (PciRootBus root : roots.values()) {
            if (root.name().equals(name)) {
                return root;
            }
        }
        for (PciFunction function : functions()) {
            if (function.busBelow() != null && function.slot().equals(name)) {
                return function.busBelow();
            }
        }
        return null;
    }

    /** {@return which buses there are, for messages} */
    String names() {
        var names = new ArrayList<String>();
        roots.values().forEach(root -> names.add(root.name()));
        functions().stream()
                .filter(function -> function.busBelow() != null)
                .forEach(function -> names.add(function.slot()));
        return names.isEmpty() ? "is none" : "are " + String.join(", ", names);
    }

    /** {@return all functions} */
    List<PciFunction> functions() {
        var all = new ArrayList<PciFunction>();
        for (PciRootBus root : roots.values()) {
            addBelow(root, all);
        }
        return all;
    }

    private static void addBelow(PciRootBus root, List<PciFunction> all) {
        for (PciFunction function : root.functions()) {
            all.add(function);
            function.forEachBelow(all::add);
        }
    }

    /** {@return all functions below a root bus} */
    static List<PciFunction> functionsBelow(PciRootBus root) {
        var all = new ArrayList<PciFunction>();
        addBelow(root, all);
        return all;
    }
}
