package dev.backplane.smmuv3.accel;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.explain.SmmuExplainer;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import dev.backplane.smmuv3.translate.CachedConfiguration;
import dev.backplane.smmuv3.translate.SmmuEvent;
import dev.backplane.smmuv3.translate.StreamConfig;
import dev.backplane.smmuv3.translate.StreamTableReader;
import dev.backplane.smmuv3.translate.TlbEntryView;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What the SMMU shows of itself. Of assigned devices software looks at registers, queues and the stream table only; CDs
 * and tables behind it are between the guest and the host's SMMU.
 */
final class AccelInspection implements IommuInspection {
    private static final String HARDWARE =
            "the host's SMMU walks the tables of this stream; software does not read them";

    private final RealizedSmmu smmu;

    AccelInspection(RealizedSmmu smmu) {
        this.smmu = smmu;
    }

    private TransactionContext context() {
        return smmu.device().epochs().context();
    }

    private SmmuExplainer software() {
        return new SmmuExplainer(smmu.core().translator());
    }

    private boolean isAssigned(int streamId) {
        return smmu.assignments().isAssigned(streamId);
    }

    @Override
    public List<Integer> streams() {
        var streams = new ArrayList<Integer>();
        smmu.core().translator().streams(context(), streams::add);
        return streams;
    }

    @Override
    public InspectNode streamTableEntry(int streamId) {
        if (!isAssigned(streamId)) {
            return software().streamTableEntry(context(), streamId);
        }
        StreamTableReader.Entry entry = smmu.assignments().entry(context(), streamId);
        var nodes = new ArrayList<InspectNode>();
        if (entry.words().length != 0) {
            var fields = new ArrayList<InspectNode>();
            for (WordField field : Ste.FIELDS) {
                fields.add(InspectNode.hex(field.name(), field.get(entry.words())));
            }
            nodes.add(new InspectNode(
                    "STE[0x%x]".formatted(streamId), "", "at 0x%x".formatted(entry.address()), fields));
        }
        nodes.add(InspectNode.text("result", kind(entry.config())));
        return InspectNode.group("stream table", nodes).withNote("StreamID of an assigned device");
    }

    private static String kind(StreamConfig config) {
        return switch (config) {
            case StreamConfig.Illegal(String reason) -> "illegal: " + reason;
            case StreamConfig.Abort _ -> "abort";
            case StreamConfig.Bypass _ -> "bypass";
            case StreamConfig.Translate _ -> "stage 1, by the host's SMMU";
        };
    }

    @Override
    public InspectNode contextDescriptor(int streamId, int substreamId) {
        return isAssigned(streamId)
                ? InspectNode.text("context descriptor", "not read").withNote(HARDWARE)
                : software().contextDescriptor(context(), streamId, substreamId);
    }

    @Override
    public Explanation explain(TransactionAttributes attributes, long iova, AccessKind access) {
        int streamId = attributes.requesterId();
        if (!isAssigned(streamId)) {
            return software().explain(context(), attributes, iova, access);
        }
        StreamTarget target = smmu.assignments().targetOf(context(), streamId);
        var root = new InspectNode("translation", "0x%x".formatted(iova), "by the assigned device of StreamID 0x%x"
                .formatted(streamId), List.of(node(target)));
        Outcome outcome = switch (target) {
            case StreamTarget.Abort(String reason) -> new Outcome.Faulted(reason, Optional.empty());
            case StreamTarget.Illegal(Optional<SmmuEvent> event, String reason) -> new Outcome.Faulted(
                    event.map(recorded -> recorded.type().name()).orElse(reason), event.map(SmmuEvent::encode));
            case StreamTarget.Bypass _ -> new Outcome.Mapped(iova, 0, true, true);
            case StreamTarget.Translate _ -> new Outcome.Faulted("not known here: " + HARDWARE, Optional.empty());
        };
        return new Explanation(root, outcome);
    }

    private static InspectNode node(StreamTarget target) {
        return switch (target) {
            case StreamTarget.Abort(String reason) -> target("abort", reason);
            case StreamTarget.Illegal illegal -> target("abort", illegal.reason());
            case StreamTarget.Bypass(String reason) -> target("bypass", reason);
            case StreamTarget.Translate(long ste0, long ste1) ->
                target("stage 1", "STE 0x%016x 0x%016x".formatted(ste0, ste1));
        };
    }

    private static InspectNode target(String where, String why) {
        return InspectNode.text("target", where).withNote(why);
    }

    @Override
    public boolean mappings(int streamId, Consumer<LeafMapping> visitor) {
        return isAssigned(streamId) || software().mappings(context(), streamId, visitor);
    }

    @Override
    public List<InspectNode> events() {
        return smmu.core().control().inspectEvents(context());
    }

    @Override
    public List<InspectNode> commands() {
        return smmu.core().control().inspectCommands(context());
    }

    @Override
    public InspectNode tlb() {
        var entries = new ArrayList<InspectNode>();
        smmu.core().translator().tlbEntries(entry -> entries.add(node(entry)));
        return InspectNode.group("TLB", entries)
                .withNote("%d entries of software; those of assigned devices are in the host's SMMU"
                        .formatted(entries.size()));
    }

    private static InspectNode node(TlbEntryView entry) {
        return new InspectNode("0x%x".formatted(entry.mapped().input()), "0x%x".formatted(entry.mapped().output()), "",
                List.of(InspectNode.hex("ASID", entry.asid()), InspectNode.hex("size", entry.mapped().mask() + 1)));
    }

    @Override
    public InspectNode configurationCache() {
        var entries = new ArrayList<InspectNode>();
        smmu.core().translator().cachedConfigurations(entry -> entries.add(node(entry)));
        return InspectNode.group("configuration cache", entries)
                .withNote("%d entries of software; those of assigned devices are in the host's SMMU"
                        .formatted(entries.size()));
    }

    private static InspectNode node(CachedConfiguration entry) {
        return new InspectNode("0x%x".formatted(entry.streamId()), entry.kind(), "", List.of());
    }

    @Override
    public InspectNode statistics() {
        var nodes = new ArrayList<>(smmu.core().control().inspectCounters());
        nodes.addAll(smmu.counters().inspect());
        return InspectNode.group("statistics", nodes);
    }

    /** {@return everything between this SMMU and the host} */
    InspectNode accelerated() {
        var identity = smmu.core().identity();
        var nodes = new ArrayList<InspectNode>();
        nodes.add(InspectNode.group("shown to the guest", List.of(
                        InspectNode.text("IDR0", "0x%08x".formatted(identity.idr0())),
                        InspectNode.text("IDR1", "0x%08x".formatted(identity.idr1())),
                        InspectNode.text("IDR3", "0x%08x".formatted(identity.idr3())),
                        InspectNode.text("IDR5", "0x%08x".formatted(identity.idr5()))))
                .withNote(smmu.isFrozen() ? "final" : "open until the machine is done"));
        nodes.addAll(smmu.assignments().inspect());
        nodes.addAll(smmu.counters().inspect());
        return InspectNode.group("accelerated", nodes);
    }
}
