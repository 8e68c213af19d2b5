package dev.backplane.shell;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** An SMMU with one invented stream. */
final class FakeSmmu implements IommuInspection, Inspectable {
    private final String name;

    FakeSmmu(String name) {
        this.name = name;
    }

    @Override
    public InspectNode inspect() {
        InspectNode registers = InspectNode.group(name, List.of(
                new InspectNode("CR0", "0x0000000d", "+0x20",
                        List.of(InspectNode.hex("SMMUEN", 1), InspectNode.hex("EVENTQEN", 1),
                                InspectNode.hex("CMDQEN", 1))),
                new InspectNode("CR1", "0x00000d75", "+0x28", List.of())));
        return name.equals("smmu1") ? registers.with(accelerated()) : registers;
    }

    private static InspectNode accelerated() {
        return InspectNode.group("accelerated", List.of(
                InspectNode.text("vIOMMU", "id 5"),
                InspectNode.group("streams", List.of(new InspectNode("StreamID", "0x108", "", List.of(
                        InspectNode.text("host device", "0000:41:00.0"),
                        InspectNode.text("attached to", "nested").withNote("STE.Config"),
                        InspectNode.text("table", "id 9"),
                        InspectNode.text("vDEVICE", "id 8"),
                        InspectNode.text("host IDR0", "0x0d4c101b")))))));
    }

    @Override
    public List<Integer> streams() {
        return List.of(8, 0x10);
    }

    @Override
    public InspectNode streamTableEntry(int streamId) {
        return InspectNode.group("STE of StreamID 0x%x in %s".formatted(streamId, name),
                List.of(InspectNode.number("V", 1)));
    }

    @Override
    public InspectNode contextDescriptor(int streamId, int substreamId) {
        return InspectNode.group("CD", List.of(InspectNode.number("SubstreamID", substreamId)));
    }

    @Override
    public Explanation explain(TransactionAttributes attributes, long iova, AccessKind access) {
        InspectNode tree = InspectNode.group("StreamID 0x%x %s 0x%x PASID %d"
                .formatted(attributes.requesterId(), access, iova,
                attributes.substreamId()), List.of(InspectNode.hex("STE", 0x5b660200L).withNote("Config = stage 1")));
        return new Explanation(tree, iova == 0
                ? new Outcome.Faulted("F_TRANSLATION: level 3 descriptor invalid",
                        Optional.of(new long[] {0x10, 2, 0, 0}))
                : new Outcome.Mapped(0x8090040L, 4096, true, access == AccessKind.READ));
    }

    @Override
    public boolean mappings(int streamId, Consumer<LeafMapping> visitor) {
        visitor.accept(new LeafMapping(0xff300000L, 0x44fe0000L, 0x1000, true, false, 3, 3, 0, 0x440cb800L,
                0x44fe0fc7L));
        visitor.accept(new LeafMapping(0xff400000L, 0x45000000L, 0x200000, true, true, 2, 3, 0, 0x440cc000L,
                0x45000fc7L));
        return streamId != 9;
    }

    @Override
    public List<InspectNode> events() {
        return List.of();
    }

    @Override
    public List<InspectNode> commands() {
        return List.of(InspectNode.text("CMD_SYNC", "0x0fc02046"), InspectNode.text("CMD_CFGI_ALL", "0x4"));
    }

    @Override
    public InspectNode tlb() {
        return InspectNode.group("TLB", List.of());
    }

    @Override
    public InspectNode configurationCache() {
        return InspectNode.group("cache", List.of());
    }

    @Override
    public InspectNode statistics() {
        return InspectNode.group("statistics", List.of(InspectNode.number("hits", 12)));
    }
}
