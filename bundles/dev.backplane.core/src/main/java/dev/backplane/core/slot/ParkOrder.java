package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.board.SlotDefinition;
import dev.backplane.irq.MsiController;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The order in which slots close: whoever starts transactions or interrupts before whoever takes them. A device comes
 * before the slots that it links to, before the bridge above it, before the IOMMU and the MSI controllers that its PCI
 * transactions meet, and before the interrupt controllers that its lines lead to.
 */
public final class ParkOrder {
    private ParkOrder() {}

    /**
     * A slot as far as the order needs it.
     *
     * @param definition its definition
     * @param properties all property values of its device
     * @param iommu name of the root bus that the device is the IOMMU of, or {@code ""}
     * @param msiController whether the device takes MSIs
     */
    public record Node(SlotDefinition definition, Map<String, Object> properties, String iommu, boolean msiController) {
        String name() {
            return definition.name();
        }
    }

    /** {@return names of the slots in closing order; later ones in the definition first, where nothing else decides} */
    public static List<String> of(List<Node> slots) {
        Map<String, Set<String>> targets = new HashMap<>();
        Set<String> names = new HashSet<>();
        slots.forEach(slot -> names.add(slot.name()));
        for (Node slot : slots) {
            Set<String> direct = new LinkedHashSet<>(links(slot, names));
            switch (slot.definition().placement()) {
                case Placement.SystemBus bus -> bus.lines().values().forEach(wire -> direct.add(wire.controller()));
                case Placement.Pci pci -> direct.addAll(above(pci.bus(), slots));
            }
            direct.remove(slot.name());
            targets.put(slot.name(), direct);
        }
        var done = new LinkedHashSet<String>();
        var path = new HashSet<String>();
        slots.forEach(slot -> visit(slot.name(), targets, names, done, path));
        return List.copyOf(new ArrayList<>(done).reversed());
    }

    private static void visit(
            String name, Map<String, Set<String>> targets, Set<String> names, Set<String> done, Set<String> path) {
        // A circle of links has no order; where one closes it is cut.
        if (names.contains(name) && !done.contains(name) && path.add(name)) {
            targets.get(name).forEach(target -> visit(target, targets, names, done, path));
            done.add(name);
        }
    }

    private static Collection<String> links(Node slot, Set<String> names) {
        return slot.properties().entrySet().stream()
                // The functions of that bus send their messages here: it is no target of this slot.
                .filter(property -> !property.getKey().equals(MsiController.ROOT_BUS))
                .map(Map.Entry::getValue)
                .filter(String.class::isInstance)
                .map(String.class::cast)
                .filter(names::contains)
                .toList();
    }

    /** What the transactions of a function on that bus meet: bridges, IOMMUs, MSI controllers. */
    private static Set<String> above(String bus, List<Node> slots) {
        var met = new LinkedHashSet<String>();
        String at = bus;
        boolean climbing = true;
        while (climbing) {
            climbing = false;
            for (Node slot : slots) {
                if (slot.iommu().equals(at)) {
                    met.add(slot.name());
                }
            }
            for (Node slot : slots) {
                if (slot.name().equals(at)
                        && slot.definition().placement() instanceof Placement.Pci pci
                        && met.add(at)) {
                    at = pci.bus();
                    climbing = true;
                    break;
                }
            }
        }
        slots.stream().filter(Node::msiController).map(Node::name).forEach(met::add);
        return met;
    }
}
