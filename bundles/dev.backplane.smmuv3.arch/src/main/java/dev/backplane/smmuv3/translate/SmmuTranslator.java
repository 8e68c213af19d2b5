package dev.backplane.smmuv3.translate;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** SIGNATURES: the implementation follows. */
public final class SmmuTranslator implements DmaAddressSpace.Translating {
    public SmmuTranslator(SmmuCapabilities capabilities, DmaPort tables, EventSink events) {}

    /** Takes over a change of registers; what was cached is kept, software invalidates it. */
    public void configure(SmmuConfiguration configuration) {}

    public SmmuConfiguration configuration() { return SmmuConfiguration.RESET; }

    @Override
    public Translation translate(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        return Translation.Terminated.ABORT;
    }

    /** Translates from the tables alone: fills no cache and records no event. */
    public TranslationOutcome probe(TransactionContext context, TransactionAttributes attributes, long iova,
            AccessKind access, WalkObserver observer) {
        return null;
    }

    /** Hands every leaf mapping of a stream to a visitor, ascending. */
    public void leafMappings(TransactionContext context, int streamId, int substreamId, Consumer<LeafMapping> visitor) {}

    /** Hands every StreamID whose STE is valid to a visitor, ascending. */
    public void streams(TransactionContext context, IntConsumer visitor) {}

    public Invalidation invalidation() { return null; }

    /** Valid entries of the TLB, and of the configuration cache. */
    public void tlbEntries(Consumer<TlbEntryView> visitor) {}

    public void cachedConfigurations(Consumer<CachedConfiguration> visitor) {}

    public TranslationStatistics statistics() { return new TranslationStatistics(0, 0, 0, 0); }
}
