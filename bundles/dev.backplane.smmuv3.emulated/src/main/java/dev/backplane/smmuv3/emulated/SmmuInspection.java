package dev.backplane.smmuv3.emulated;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.control.SmmuControl;
import dev.backplane.smmuv3.explain.SmmuExplainer;
import dev.backplane.smmuv3.translate.CachedConfiguration;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import dev.backplane.smmuv3.translate.TlbEntryView;
import dev.backplane.smmuv3.translate.TranslationStatistics;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** What a realized SMMU shows of itself; on whatever thread asks, without side effects on the guest's view. */
final class SmmuInspection implements IommuInspection {
    private final Epochs epochs;
    private final SmmuTranslator translator;
    private final SmmuControl control;
    private final SmmuExplainer explainer;
    private final AssignedDevices assigned;

    SmmuInspection(
            Epochs epochs, SmmuTranslator translator, SmmuControl control, AssignedDevices assigned) {
        this.assigned = assigned;
        this.epochs = epochs;
        this.translator = translator;
        this.control = control;
        explainer = new SmmuExplainer(translator);
    }

    @Override
    public List<Integer> streams() {
        var streams = new ArrayList<Integer>();
        translator.streams(epochs.context(), streams::add);
        return streams;
    }

    @Override
    public InspectNode streamTableEntry(int streamId) {
        return explainer.streamTableEntry(epochs.context(), streamId);
    }

    @Override
    public InspectNode contextDescriptor(int streamId, int substreamId) {
        return explainer.contextDescriptor(epochs.context(), streamId, substreamId);
    }

    @Override
    public Explanation explain(TransactionAttributes attributes, long iova, AccessKind access) {
        return explainer.explain(epochs.context(), attributes, iova, access);
    }

    @Override
    public boolean mappings(int streamId, Consumer<LeafMapping> visitor) {
        return explainer.mappings(epochs.context(), streamId, visitor);
    }

    @Override
    public List<InspectNode> events() {
        return control.inspectEvents(epochs.context());
    }

    @Override
    public List<InspectNode> commands() {
        return control.inspectCommands(epochs.context());
    }

    @Override
    public InspectNode tlb() {
        var entries = new ArrayList<InspectNode>();
        translator.tlbEntries(entry -> entries.add(node(entry)));
        return InspectNode.group("TLB", entries).withNote("%d entries".formatted(entries.size()));
    }

    private static InspectNode node(TlbEntryView entry) {
        var mapped = entry.mapped();
        var tags = new ArrayList<InspectNode>();
        tags.add(InspectNode.text("stages", entry.stage1() ? entry.stage2() ? "1+2" : "1" : "2"));
        tags.add(InspectNode.hex("VMID", entry.vmid()));
        tags.add(entry.global() ? InspectNode.text("ASID", "any") : InspectNode.hex("ASID", entry.asid()));
        tags.add(InspectNode.hex("size", mapped.mask() + 1));
        tags.add(InspectNode.text("access", (mapped.readable() ? "r" : "-") + (mapped.writable() ? "w" : "-")));
        tags.add(InspectNode.text("privilege", entry.privileged() ? "privileged" : "unprivileged"));
        tags.add(InspectNode.text("fetch", entry.instruction() ? "instruction" : "data"));
        return new InspectNode(
                "0x%x".formatted(mapped.input()), "0x%x".formatted(mapped.output()), "", tags);
    }

    @Override
    public InspectNode configurationCache() {
        var entries = new ArrayList<InspectNode>();
        translator.cachedConfigurations(entry -> entries.add(node(entry)));
        return InspectNode.group("configuration cache", entries).withNote("%d entries".formatted(entries.size()));
    }

    private static InspectNode node(CachedConfiguration entry) {
        var tags = new ArrayList<InspectNode>();
        if (entry.substreamId() != TransactionAttributes.NO_SUBSTREAM) {
            tags.add(InspectNode.hex("SubstreamID", entry.substreamId()));
        }
        tags.add(InspectNode.hex("ASID", entry.asid()));
        tags.add(InspectNode.hex("VMID", entry.vmid()));
        return new InspectNode("0x%x".formatted(entry.streamId()), entry.kind(), "", tags);
    }

    @Override
    public InspectNode statistics() {
        TranslationStatistics counts = translator.statistics();
        var nodes = new ArrayList<InspectNode>();
        nodes.add(cache("TLB", counts.tlbHits(), counts.tlbMisses()));
        nodes.add(cache("configuration cache", counts.configurationHits(), counts.configurationMisses()));
        nodes.addAll(control.inspectCounters());
        nodes.add(assigned.inspect());
        return InspectNode.group("statistics", nodes);
    }

    private static InspectNode cache(String name, long hits, long misses) {
        String rate = hits + misses == 0
                ? ""
                : String.format(Locale.ROOT, "%.1f %% hits", 100.0 * hits / (hits + misses));
        return InspectNode.group(name, List.of(
                        InspectNode.number("hits", hits), InspectNode.number("misses", misses)))
                .withNote(rate);
    }
}
