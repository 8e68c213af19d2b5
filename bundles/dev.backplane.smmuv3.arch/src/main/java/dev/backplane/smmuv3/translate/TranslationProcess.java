package dev.backplane.smmuv3.translate;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.StreamConfig.ContextTablePointer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.IntConsumer;

/**
 * The translation procedure without caches: STE, CD, stage 1, stage 2 (IHI 0070 section 3.3). Results that are null
 * leave the fault described in the walk.
 */
final class TranslationProcess {
    private final SmmuCapabilities capabilities;
    private final Function<TranslationContext.Key, TranslationContext> contexts;
    private final StreamTableWalker streamTable;
    private final ContextTableWalker contextTable;
    private final Stage1Walker stage1Walker;
    private final Stage2Walker stage2Walker;
    private final LeafEnumerator leaves;

    /**
     * Makes the procedure.
     *
     * @param contexts gives the context of a key
     */
    TranslationProcess(
            SmmuCapabilities capabilities, Function<TranslationContext.Key, TranslationContext> contexts) {
        this.capabilities = capabilities;
        this.contexts = contexts;
        this.streamTable = new StreamTableWalker(capabilities);
        this.stage2Walker = new Stage2Walker(capabilities);
        this.contextTable = new ContextTableWalker(capabilities, stage2Walker);
        this.stage1Walker = new Stage1Walker(stage2Walker);
        this.leaves = new LeafEnumerator(stage2Walker);
    }

    /**
     * {@return the quick way for misses}
     *
     * @param pointers the walk cache, or null
     */
    QuickWalk quickWalk(DmaPort tables, WalkCache pointers) {
        return new QuickWalk(tables, pointers, stage2Walker);
    }

    /** {@return what transactions meet while SMMUEN is 0: the bypass, or null when GBPA.ABORT is 1} */
    Translation.Mapped globalBypass(SmmuConfiguration registers) {
        return (registers.gbpa() >>> 20 & 1) != 0
                ? null
                : bypass(AttributeOverrides.ofGbpa(capabilities, registers.gbpa()).memory());
    }

    private Translation.Mapped bypass(MemoryAttributes attributes) {
        return new Translation.Mapped(0, 0, addressMask(), true, true, attributes);
    }

    private long addressMask() {
        return (1L << capabilities.outputBits()) - 1;
    }

    /** {@return the bypass of a disabled SMMU, or null: such an abort is never recorded (section 3.4)} */
    Translation.Mapped whileDisabled(Walk walk, Translation.Mapped bypass) {
        if (bypass == null) {
            walk.silent("the SMMU is disabled and GBPA.ABORT is 1");
            return null;
        }
        if ((walk.iova & ~bypass.mask()) != 0) {
            walk.silent("the SMMU is disabled and the input address exceeds the address size");
            return null;
        }
        return bypass;
    }

    /** {@return the configuration of the walk's stream and substream} */
    StreamContext configuration(Walk walk, SmmuConfiguration registers) {
        return switch (streamTable.find(walk, registers)) {
            case null -> null;
            case StreamConfig.Illegal _ -> null;
            case StreamConfig.Abort _ -> StreamContext.ABORT;
            case StreamConfig.Bypass(AttributeOverrides overrides) ->
                hasNoSubstream(walk)
                        ? new StreamContext(null, bypass(overrides.memory()), overrides, walk.mergesEvents)
                        : null;
            case StreamConfig.Translate translate -> translating(walk, translate);
        };
    }

    private static boolean hasNoSubstream(Walk walk) {
        return !walk.attributes.hasSubstream()
                || badSubstream(walk, "a SubstreamID came and stage 1 does not translate");
    }

    private static boolean badSubstream(Walk walk, String reason) {
        return walk.configurationFault(EventType.C_BAD_SUBSTREAMID, true, reason);
    }

    private StreamContext translating(Walk walk, StreamConfig.Translate stream) {
        // Events of the CD fetch already carry the attributes after overrides.
        walk.override(stream.overrides());
        ContextTablePointer pointer = stream.contexts();
        if (pointer == null) {
            return hasNoSubstream(walk) ? withoutStage1(walk, stream) : null;
        }
        int index = 0;
        if (walk.attributes.hasSubstream()) {
            index = walk.attributes.substreamId();
            if (!substreamAllowed(walk, pointer, index)) {
                return null;
            }
        } else if (pointer.log2Count() != 0) {
            if (pointer.defaultSubstream() == 0) {
                walk.configurationFault(
                        EventType.F_STREAM_DISABLED, true, "S1DSS terminates transactions without SubstreamID");
                return null;
            }
            if (pointer.defaultSubstream() == 1) {
                return withoutStage1(walk, stream);
            }
        }
        ContextConfig.Stage1 stage1 = contextTable.find(walk, pointer, index, stream.stage2());
        return stage1 == null
                ? null
                : context(walk, new TranslationContext.Key(stage1, stream.stage2(), stream.vmid(), null), stream);
    }

    private static boolean substreamAllowed(Walk walk, ContextTablePointer pointer, int substreamId) {
        if (pointer.log2Count() == 0) {
            return badSubstream(walk, "a SubstreamID came and substreams are disabled");
        }
        if (substreamId >>> pointer.log2Count() != 0) {
            return badSubstream(walk, "the SubstreamID is outside S1CDMax");
        }
        if (substreamId == 0 && pointer.defaultSubstream() == 2) {
            return walk.configurationFault(
                    EventType.F_STREAM_DISABLED, true, "S1DSS reserves CD 0 for transactions without SubstreamID");
        }
        return true;
    }

    private StreamContext withoutStage1(Walk walk, StreamConfig.Translate stream) {
        MemoryAttributes input = stream.overrides().memory();
        return stream.stage2() == null
                ? new StreamContext(null, bypass(input), stream.overrides(), walk.mergesEvents)
                : context(walk, new TranslationContext.Key(null, stream.stage2(), stream.vmid(), input), stream);
    }

    private StreamContext context(Walk walk, TranslationContext.Key key, StreamConfig.Translate stream) {
        return new StreamContext(contexts.apply(key), null, stream.overrides(), walk.mergesEvents);
    }

    /** {@return the mapping of the page around the walk's address} */
    Translation.Mapped translate(Walk walk, StreamContext stream) {
        walk.override(stream.overrides());
        walk.mergesEvents = stream.mergesEvents();
        TranslationContext space = stream.translation();
        if (space == null) {
            if (stream.bypass() == null) {
                walk.silent("STE.Config aborts the stream");
                return null;
            }
            return inputFits(walk) ? stream.bypass() : null;
        }
        if (space.stage1 == null) {
            return inputFits(walk) && stage2Walker.translate(walk, space.stage2, walk.iova, FaultClass.IN)
                    ? mapped(walk, walk.iova, walk.stage2Shift, space, space.key.input())
                    : null;
        }
        if (!stage1Walker.translate(walk, space.stage1, space.stage2)) {
            return null;
        }
        long input = space.canonical(walk.iova);
        if (space.stage2 == null) {
            return mapped(
                    input,
                    walk.stage1Output,
                    walk.stage1Shift,
                    walk.stage1Readable,
                    walk.stage1Writable,
                    walk.stage1Attributes);
        }
        return stage2Walker.translate(walk, space.stage2, walk.stage1Output, FaultClass.IN)
                ? mapped(walk, input, Math.min(walk.stage1Shift, walk.stage2Shift), space, walk.stage1Attributes)
                : null;
    }

    private boolean inputFits(Walk walk) {
        // Without AArch32 the IPA size is the output address size (section 3.4).
        return (walk.iova & ~addressMask()) == 0 || walk.bypassAddressSize();
    }

    private static Translation.Mapped mapped(
            Walk walk, long input, int shift, TranslationContext space, MemoryAttributes before) {
        boolean stage1 = space.stage1 != null;
        return mapped(
                input,
                walk.stage2Output,
                shift,
                walk.stage2Readable && (!stage1 || walk.stage1Readable),
                walk.stage2Writable && (!stage1 || walk.stage1Writable),
                AttributeRules.combine(
                        before, walk.stage2MemAttr, walk.stage2Sh, space.stage2.forcedWriteBack()));
    }

    private static Translation.Mapped mapped(
            long input, long output, int shift, boolean readable, boolean writable, MemoryAttributes attributes) {
        long mask = (1L << shift) - 1;
        return new Translation.Mapped(input & ~mask, output & ~mask, mask, readable, writable, attributes);
    }

    boolean leaves(Walk walk, TranslationContext space, Consumer<LeafMapping> visitor) {
        return leaves.enumerate(walk, space, visitor);
    }

    void streams(Walk walk, SmmuConfiguration registers, IntConsumer visitor) {
        streamTable.streams(walk, registers, visitor);
    }
}
