package dev.backplane.core.pci;

import dev.backplane.board.PlugException;
import dev.backplane.core.memory.Rendered;
import dev.backplane.pci.PciIommuOps;
import java.util.ArrayList;
import java.util.Optional;

/** What must hold before a function goes on a bus or leaves it, and where its pin leads. */
final class PlugRules {
    private static final int PINS = 4;

    private PlugRules() {}

    /** {@return why an address of a bus cannot be taken, or empty; called under the segment's lock} */
    static Optional<String> addressRefusal(PciBus bus, int devfn) {
        int device = devfn >>> 3;
        if (devfn < 0 || device >= bus.devices()) {
            return Optional.of("device %d is not on PCI bus %s, which has %d device%s"
                    .formatted(device, bus.name(), bus.devices(), bus.devices() == 1 ? "" : "s"));
        }
        PciFunction there = bus.function(devfn);
        if (there == null) {
            return Optional.empty();
        }
        String who = there.slot().isEmpty()
                ? "the host bridge"
                : "slot %s (%s)".formatted(there.slot(), there.deviceType());
        return Optional.of("address %02x.%x of PCI bus %s is taken by %s"
                .formatted(device, devfn & 7, bus.name(), who));
    }

    /**
     * Asks the IOMMU that governs the function's bus; called without the segment's lock. One that does not serve is
     * asked when it does: its binding fails the function that is not wanted then.
     *
     * @throws PlugException if it does not want the function
     */
    static void askIommu(PciFunction function) throws PlugException {
        PciRootBus root = function.bus().root();
        IommuBinding binding = root.bypassesIommu() ? null : root.iommu();
        PciIommuOps ops = binding == null ? null : binding.ops();
        if (binding == null) {
            return;
        }
        if (ops == null) {
            binding.askLater(function);
            return;
        }
        Optional<String> refusal = refusal(binding.slot(), ops, function);
        if (refusal.isPresent()) {
            throw new PlugException("slot %s: %s".formatted(function.slot(), refusal.get()));
        }
    }

    /** {@return why an IOMMU does not want a function, or empty when it does} */
    static Optional<String> refusal(String iommu, PciIommuOps ops, PciFunction function) {
        try {
            return ops.supportsAddressSpace(function.requester().identity());
        } catch (RuntimeException | LinkageError thrown) {
            // Rendered here, so that nothing of the IOMMU's bundle is kept.
            return Optional.of("IOMMU %s failed: %s".formatted(iommu, Rendered.text(thrown)));
        }
    }

    /**
     * {@return the root bus's pin, 0 to 3, that a pin leads to: each bus on the way adds the number of the device on it
     * (PCIe 2.2.8.1, table 2-21)}
     *
     * @param pin 1 to 4 for INTA to INTD
     */
    static int swizzle(PciBus bus, int devfn, int pin) {
        int index = pin - 1 + (devfn >>> 3);
        for (PciBus at = bus; at instanceof SecondaryBus below; at = below.bridge().bus()) {
            index += below.bridge().devfn() >>> 3;
        }
        return index % PINS;
    }

    /**
     * Checks that a function provides no bus with functions on it; called under the segment's lock.
     *
     * @throws IllegalStateException if it does
     */
    static void requireNothingBelow(PciFunction function, BusTree tree) {
        var left = new ArrayList<PciFunction>();
        function.forEachBelow(left::add);
        for (PciRootBus root : tree.roots()) {
            if (root.expander() == function) {
                left.addAll(root.functions());
            }
        }
        if (!left.isEmpty()) {
            throw new IllegalStateException("slot %s still has %s on its bus: unplug it first"
                    .formatted(function.slot(), left.getFirst().slot()));
        }
    }
}
