package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionAttributes;
import java.util.function.Predicate;

/** Invalidation of the caches of one translator. */
final class CacheInvalidation implements Invalidation {
    private static final int RANGE_ALL = 31;

    private final boolean hasVmids;
    private final MicroTlb recent;
    private final ConfigurationCache configurations;
    private final Tlb tlb;

    CacheInvalidation(
            SmmuCapabilities capabilities, MicroTlb recent, ConfigurationCache configurations, Tlb tlb) {
        this.hasVmids = capabilities.stage2();
        this.recent = recent;
        this.configurations = configurations;
        this.tlb = tlb;
    }

    /** What was translated last goes before and after, whatever is named: see {@link MicroTlb}. */
    private void invalidate(Runnable rest) {
        recent.invalidate();
        try {
            rest.run();
        } finally {
            recent.invalidate();
        }
    }

    @Override
    public void streamTableEntry(int streamId) {
        invalidate(() -> configurations.removeStream(streamId));
    }

    @Override
    public void streamTableEntries(int streamId, int range) {
        if (range >= RANGE_ALL) {
            allConfiguration();
            return;
        }
        invalidate(() -> configurations.removeIf(entry -> (entry.streamId() ^ streamId) >>> range + 1 == 0));
    }

    @Override
    public void contextDescriptor(int streamId, int substreamId) {
        invalidate(() -> {
            configurations.remove(streamId, substreamId);
            if (substreamId == 0) {
                // CD 0 also serves transactions without SubstreamID.
                configurations.remove(streamId, TransactionAttributes.NO_SUBSTREAM);
            }
        });
    }

    @Override
    public void contextDescriptors(int streamId) {
        streamTableEntry(streamId);
    }

    @Override
    public void allConfiguration() {
        invalidate(configurations::removeAll);
    }

    @Override
    public void tlb() {
        removeContexts(context -> true);
    }

    @Override
    public void tlbOfVmid(int vmid) {
        removeContexts(context -> hasVmid(context, vmid));
    }

    @Override
    public void tlbStage1OfVmid(int vmid) {
        removeContexts(context -> context.stage1 != null && hasVmid(context, vmid));
    }

    @Override
    public void tlbOfAsid(int vmid, int asid) {
        removeContexts(context -> context.asid() == asid && hasVmid(context, vmid));
    }

    private void removeContexts(Predicate<TranslationContext> doomed) {
        invalidate(() -> tlb.removeContexts(doomed));
    }

    @Override
    public void tlbOfVa(int vmid, int asid, TlbRange range) {
        removeRange(
                context -> context.stage1 != null
                        && (context.asid() == asid || context.global)
                        && hasVmid(context, vmid),
                entry -> entry.global() || entry.context().asid() == asid,
                canonical(range));
    }

    @Override
    public void tlbOfVaAllAsids(int vmid, TlbRange range) {
        removeRange(context -> context.stage1 != null && hasVmid(context, vmid), entry -> true, canonical(range));
    }

    @Override
    public void tlbOfIpa(int vmid, TlbRange range) {
        removeRange(context -> context.stage1 == null && hasVmid(context, vmid), entry -> true, range);
        // Combined entries, and pointers to stage 1 tables, do not tell their IPA, so all of them go.
        removeContexts(context -> context.nested() && hasVmid(context, vmid));
    }

    private void removeRange(Predicate<TranslationContext> owner, Predicate<TlbEntry> doomed, TlbRange range) {
        invalidate(() -> tlb.removeRange(owner, doomed, range));
    }

    private boolean hasVmid(TranslationContext context, int vmid) {
        return !hasVmids || context.vmid == vmid;
    }

    /** Entries are tagged with sign-extended addresses where TBI ignores the top byte; nothing else has other ones. */
    private static TlbRange canonical(TlbRange range) {
        long first = range.first() << 8 >> 8;
        long last = first + (range.last() - range.first());
        return new TlbRange(first, Long.compareUnsigned(last, first) < 0 ? -1L : last, range.leaf());
    }
}
