package dev.backplane.core.pci;

import java.util.Collection;
import java.util.TreeMap;

/** A PCI bus and the functions on it. Guarded by the lock of its segment. */
abstract sealed class PciBus permits PciRootBus, SecondaryBus {
    private final String name;
    private final TreeMap<Integer, PciFunction> functions = new TreeMap<>();

    PciBus(String name) {
        this.name = name;
    }

    final String name() {
        return name;
    }

    /** {@return its number now; 0 for a bus below a bridge that software has not numbered} */
    abstract int number();

    /** {@return the root bus at the top} */
    abstract PciRootBus root();

    /** {@return how many devices fit on it} */
    abstract int devices();

    /** {@return whether its functions can be reached by configuration accesses} */
    abstract boolean isAccessible();

    final Collection<PciFunction> functions() {
        return functions.values();
    }

    final PciFunction function(int devfn) {
        return functions.get(devfn);
    }

    final void add(PciFunction function) {
        functions.put(function.devfn(), function);
    }

    final void remove(PciFunction function) {
        functions.remove(function.devfn());
    }

    /** {@return whether a device has functions besides function 0} */
    final boolean isMultifunction(int device) {
        return !functions.subMap(device << 3 | 1, (device + 1) << 3).isEmpty();
    }

    /** {@return device and function number of the first device that is not there, or -1} */
    final int nextFree() {
        for (int device = 0; device < devices(); device++) {
            if (functions.subMap(device << 3, (device + 1) << 3).isEmpty()) {
                return device << 3;
            }
        }
        return -1;
    }

    /** {@return the bus of a number at or below this one, as configuration accesses are routed, or null} */
    final PciBus find(int wanted) {
        if (!isAccessible()) {
            return null;
        }
        if (number() == wanted) {
            return this;
        }
        for (PciFunction function : functions.values()) {
            SecondaryBus below = function.busBelow();
            if (below != null && below.claims(wanted)) {
                PciBus found = below.find(wanted);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }

    /** {@return the highest bus number at or below this one} */
    final int lastNumber() {
        int last = number();
        for (PciFunction function : functions.values()) {
            SecondaryBus below = function.busBelow();
            if (below != null) {
                last = Math.max(last, Math.max(below.subordinate(), below.lastNumber()));
            }
        }
        return last;
    }
}
