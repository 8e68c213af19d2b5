package dev.backplane.smmuv3.explain;

import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.IommuInspection.Explanation;
import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.inspect.IommuInspection.Outcome;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.control.EventDescription;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import dev.backplane.smmuv3.translate.TranslationOutcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Explains what a translator makes of the tables in memory as they are now. The very code that translates reports its
 * steps, so that the explanation cannot differ from what happens. Thread-safe; fills no cache and records nothing.
 */
public final class SmmuExplainer {
    private final SmmuTranslator translator;

    /**
     * Makes the explainer of a translator.
     *
     * @param translator whose translations to explain
     */
    public SmmuExplainer(SmmuTranslator translator) {
        this.translator = translator;
    }

    /**
     * Explains a translation.
     *
     * @param context context of the calling thread
     * @param attributes requester ID is the StreamID
     * @param iova input address
     * @param access kind of access
     * @return the whole way and how it ends
     */
    public Explanation explain(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        var tree = new WalkTree();
        TranslationOutcome outcome = translator.probe(context, attributes, iova, access, tree);
        var steps = new ArrayList<InspectNode>();
        steps.add(registers());
        steps.addAll(tree.steps());
        steps.add(result(outcome, iova));
        String what = access == AccessKind.READ ? "read of" : "write to";
        var root = new InspectNode(
                "translation", "0x%x".formatted(iova), "%s StreamID 0x%x%s".formatted(
                        what + " this address by", attributes.requesterId(), substream(attributes)), steps);
        return new Explanation(root, outcome(outcome, iova));
    }

    private static String substream(TransactionAttributes attributes) {
        return attributes.hasSubstream() ? ", SubstreamID 0x%x".formatted(attributes.substreamId()) : "";
    }

    /**
     * {@return how the STE of a stream is found, and its fields}
     *
     * @param context context of the calling thread
     * @param streamId StreamID, 0 to 0xFFFF
     */
    public InspectNode streamTableEntry(TransactionContext context, int streamId) {
        var tree = new WalkTree();
        TranslationOutcome outcome =
                translator.probe(context, TransactionAttributes.ofRequester(streamId), 0, AccessKind.READ, tree);
        InspectNode table = tree.streamTable();
        var steps = new ArrayList<InspectNode>();
        steps.add(registers());
        steps.addAll(table.children());
        boolean found = table.children().stream().anyMatch(step -> step.name().startsWith("STE"));
        return InspectNode.group("stream table", found ? steps : with(steps, result(outcome, 0)));
    }

    /**
     * {@return how the CD of a stream is found, and its fields}
     *
     * @param context context of the calling thread
     * @param streamId StreamID, 0 to 0xFFFF
     * @param substreamId SubstreamID, 0 when the stream has none
     */
    public InspectNode contextDescriptor(TransactionContext context, int streamId, int substreamId) {
        var tree = new WalkTree();
        TransactionAttributes attributes = TransactionAttributes.ofRequester(streamId);
        if (substreamId != 0) {
            attributes = attributes.withSubstream(substreamId);
        }
        TranslationOutcome outcome = translator.probe(context, attributes, 0, AccessKind.READ, tree);
        InspectNode descriptor = tree.context();
        if (tree.sawContext()) {
            return descriptor;
        }
        return InspectNode.group(
                "context descriptor", with(new ArrayList<>(descriptor.children()), result(outcome, 0)));
    }

    private static List<InspectNode> with(List<InspectNode> nodes, InspectNode last) {
        nodes.add(last);
        return nodes;
    }

    /**
     * Hands the leaf mappings of a stream to a visitor, in ascending order of input addresses.
     *
     * @param context context of the calling thread
     * @param streamId StreamID
     * @param visitor receives each mapping
     * @return whether those were all
     */
    public boolean mappings(TransactionContext context, int streamId, Consumer<LeafMapping> visitor) {
        return translator.leafMappings(context, streamId, TransactionAttributes.NO_SUBSTREAM, visitor);
    }

    /** {@return what the registers say: where the stream table is, or what governs everything while SMMUEN is 0} */
    private InspectNode registers() {
        SmmuConfiguration configuration = translator.configuration();
        if (!configuration.enabled()) {
            return InspectNode.hex("GBPA", Integer.toUnsignedLong(configuration.gbpa()))
                    .withNote("SMMUEN is 0: GBPA governs every transaction");
        }
        String format = configuration.twoLevel()
                ? "two levels, SPLIT %d".formatted(configuration.split())
                : "linear";
        return InspectNode.hex("STRTAB_BASE", configuration.streamTableBase())
                .withNote("%s, 2^%d StreamIDs".formatted(format, configuration.streamTableLog2Size()));
    }

    private static InspectNode result(TranslationOutcome outcome, long iova) {
        return switch (outcome) {
            case TranslationOutcome.Mapped(Translation.Mapped mapped) -> new InspectNode(
                    "result",
                    "0x%x".formatted(mapped.apply(iova)),
                    "%s from 0x%x, %s".formatted(
                            size(mapped.mask()), mapped.input(), WalkTree.access(mapped.readable(), mapped.writable())),
                    List.of(InspectNode.text("attributes", attributes(mapped.attributes()))));
            case TranslationOutcome.Terminated terminated -> {
                String how = terminated.how() == Translation.Terminated.ABORT
                        ? "aborts"
                        : "reads as zero, writes are ignored";
                var event = new ArrayList<InspectNode>();
                if (terminated.event() != null) {
                    event.add(EventDescription.of(terminated.event().encode())
                            .withNote(terminated.recorded() ? "recorded" : "not recorded"));
                }
                yield new InspectNode("result", how, terminated.reason(), event);
            }
        };
    }

    private static Outcome outcome(TranslationOutcome outcome, long iova) {
        return switch (outcome) {
            case TranslationOutcome.Mapped(Translation.Mapped mapped) -> new Outcome.Mapped(
                    mapped.apply(iova), bytes(mapped.mask()), mapped.readable(), mapped.writable());
            case TranslationOutcome.Terminated terminated -> new Outcome.Faulted(
                    terminated.event() == null ? terminated.reason() : terminated.event().type().name(),
                    terminated.event() != null && terminated.recorded()
                            ? Optional.of(terminated.event().encode())
                            : Optional.empty());
        };
    }

    private static long bytes(long mask) {
        return mask == -1 ? Long.MAX_VALUE : mask + 1;
    }

    private static String size(long mask) {
        return WalkTree.size(Long.bitCount(mask));
    }

    private static String attributes(MemoryAttributes attributes) {
        return switch (attributes.type()) {
            case INCOMING -> "as the client gave them";
            case NORMAL -> "Normal, inner %s, outer %s, %s".formatted(
                    name(attributes.inner()), name(attributes.outer()), name(attributes.shareability()));
            case DEVICE_NGNRNE -> "Device-nGnRnE";
            case DEVICE_NGNRE -> "Device-nGnRE";
            case DEVICE_NGRE -> "Device-nGRE";
            case DEVICE_GRE -> "Device-GRE";
        };
    }

    private static String name(MemoryAttributes.Cacheability cacheability) {
        return switch (cacheability) {
            case NON_CACHEABLE -> "non-cacheable";
            case WRITE_THROUGH -> "write-through";
            case WRITE_BACK -> "write-back";
        };
    }

    private static String name(MemoryAttributes.Shareability shareability) {
        return switch (shareability) {
            case NON -> "non-shareable";
            case OUTER -> "outer shareable";
            case INNER -> "inner shareable";
        };
    }
}
