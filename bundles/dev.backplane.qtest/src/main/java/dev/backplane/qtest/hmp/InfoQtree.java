package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;
import dev.backplane.board.Placement;
import dev.backplane.board.Slot;
import java.util.LinkedHashSet;
import java.util.Set;

/** Devices by bus with their properties, as {@code info qtree} prints them. */
final class InfoQtree {
    private InfoQtree() {}

    static String text(Board board) {
        var text = new StringBuilder("bus: main-system-bus\n  type System\n");
        Set<String> pciBuses = new LinkedHashSet<>();
        for (Slot slot : board.slots()) {
            switch (slot.definition().placement()) {
                case Placement.SystemBus bus -> {
                    device(text, slot);
                    bus.regions().forEach((name, base) -> text.append("    mmio %016x %s\n".formatted(base, name)));
                }
                case Placement.Pci pci -> pciBuses.add(pci.bus());
            }
        }
        for (String bus : pciBuses) {
            text.append("bus: %s\n  type PCIE\n".formatted(bus));
            for (Slot slot : board.slots()) {
                if (slot.definition().placement() instanceof Placement.Pci pci && pci.bus().equals(bus)) {
                    device(text, slot);
                    text.append("    addr = %02x.%x\n".formatted(pci.devfn() >>> 3, pci.devfn() & 7));
                }
            }
        }
        return text.toString();
    }

    private static void device(StringBuilder text, Slot slot) {
        text.append("  dev: %s, id \"%s\"\n".formatted(slot.definition().deviceType(), slot.name()));
        slot.properties().forEach((name, value) -> text.append("    %s = %s\n".formatted(
                name, value instanceof String quoted ? "\"" + quoted + "\"" : value)));
    }
}
