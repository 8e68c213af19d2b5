package dev.backplane.core.pci;

import dev.backplane.pci.Bar;
import dev.backplane.pci.PciCapability;
import dev.backplane.pci.PciFunctionDescription;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** What of a description software can see, so that a successor can be held against it. Keeps nothing of the model. */
record FunctionShape(List<String> facts) {

    static FunctionShape of(PciFunctionDescription description) {
        var facts = new ArrayList<String>();
        facts.add("IDs %04x:%04x, subsystem %04x:%04x, revision 0x%x, class 0x%06x".formatted(
                description.vendorId(),
                description.deviceId(),
                description.subsystemVendorId(),
                description.subsystemId(),
                description.revision(),
                description.classCode()));
        facts.add("interrupt pin " + description.interruptPin());
        facts.add((description.express() ? "PCI Express" : "conventional")
                + (description.busMasterGated() ? "" : ", ignores Bus Master Enable"));
        for (Bar bar : description.bars()) {
            facts.add("BAR%d %s%s region %s of 0x%x bytes".formatted(
                    bar.index(),
                    bar.kind(),
                    bar.prefetchable() ? " prefetchable" : "",
                    bar.region().name(),
                    bar.region().size()));
        }
        facts.add("%d MSI vectors%s"
                .formatted(description.msiVectors(), description.msiMaskable() ? ", maskable" : ""));
        facts.add("MSI-X: " + description.msix());
        for (PciCapability capability : description.capabilities()) {
            facts.add("capability 0x%x%s version %d%s: %s writable %s".formatted(
                    capability.id(),
                    capability.extended() ? " (extended)" : "",
                    capability.version(),
                    capability.offset() == 0 ? "" : " at 0x%x".formatted(capability.offset()),
                    HexFormat.of().formatHex(capability.reset()),
                    HexFormat.of().formatHex(capability.writable())));
        }
        return new FunctionShape(List.copyOf(facts));
    }

    /**
     * Refuses a successor that software could tell from the function it has enumerated.
     *
     * @throws IllegalArgumentException naming the first difference
     */
    void require(String slot, FunctionShape other) {
        for (int i = 0; i < Math.max(facts.size(), other.facts.size()); i++) {
            String mine = i < facts.size() ? facts.get(i) : "nothing";
            String theirs = i < other.facts.size() ? other.facts.get(i) : "nothing";
            if (!mine.equals(theirs)) {
                throw new IllegalArgumentException(
                        "slot %s: the new model's function is another one: expected '%s', found '%s'"
                                .formatted(slot, mine, theirs));
            }
        }
    }
}
