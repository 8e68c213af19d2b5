package dev.backplane.smmuv3.translate;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Translation of one Non-secure SMMUv3 programming interface: stage 1, stage 2 and both, with a TLB and a configuration
 * cache. The requester ID of a transaction is its StreamID.
 *
 * <p>Thread-safe. {@link #translate} takes no lock; a TLB hit allocates nothing and answers the cached instance. Faults
 * are not cached. Tables are read inside the epoch of the transaction.
 */
public final class SmmuTranslator implements DmaAddressSpace.Translating {
    private final DmaPort tables;
    private final EventSink events;
    private final WalkPool walks;
    private final TranslationProcess process;
    private final MicroTlb recent;
    private final Tlb tlb;
    private final WalkCache pointers;
    private final QuickWalk quick;
    private final ConfigurationCache configurations;
    private final Invalidation invalidation;
    private final HitCounter hits = new HitCounter();
    private final HitCounter misses = new HitCounter();
    private final LongAdder configurationMisses = new LongAdder();
    private volatile State state;

    /** Registers with what transactions meet while the SMMU is disabled. */
    private record State(SmmuConfiguration registers, boolean enabled, Translation.Mapped bypass) {}

    /**
     * Makes a translator, disabled as after reset.
     *
     * @param capabilities what the SMMU advertises; STALL_MODEL must be 1 (terminate only)
     * @param tables reads configuration structures and translation tables
     * @param events takes the events of faulting transactions
     * @throws IllegalArgumentException if the capabilities advertise stalling
     */
    public SmmuTranslator(SmmuCapabilities capabilities, DmaPort tables, EventSink events) {
        this(capabilities, tables, events, CacheSizes.DEFAULT);
    }

    /**
     * Makes a translator with caches of given sizes, disabled as after reset.
     *
     * @param capabilities what the SMMU advertises; STALL_MODEL must be 1 (terminate only)
     * @param tables reads configuration structures and translation tables
     * @param events takes the events of faulting transactions
     * @param sizes sizes of the TLB and of the walk cache
     * @throws IllegalArgumentException if the capabilities advertise stalling
     */
    public SmmuTranslator(SmmuCapabilities capabilities, DmaPort tables, EventSink events, CacheSizes sizes) {
        if (capabilities.stallModel() != 1) {
            throw new IllegalArgumentException("IDR0.STALL_MODEL %d: expected 1, transactions are never stalled"
                    .formatted(capabilities.stallModel()));
        }
        this.tables = tables;
        this.events = events;
        this.walks = new WalkPool(tables);
        this.recent = new MicroTlb(sizes.log2TlbEntries());
        this.tlb = new Tlb(sizes.log2TlbEntries(), recent::invalidate);
        this.pointers = sizes.log2WalkEntries() == 0 ? null : new WalkCache(sizes.log2WalkEntries());
        this.configurations = new ConfigurationCache(recent::invalidate);
        this.process = new TranslationProcess(capabilities, configurations::share);
        this.quick = process.quickWalk(tables, pointers);
        this.invalidation = new CacheInvalidation(capabilities, recent, configurations, tlb);
        configure(SmmuConfiguration.RESET);
    }

    /**
     * Takes over a change of registers, for transactions that start afterwards. What was cached stays: software
     * invalidates it.
     */
    public void configure(SmmuConfiguration configuration) {
        state = new State(configuration, configuration.enabled(), process.globalBypass(configuration));
    }

    /** {@return the registers in force} */
    public SmmuConfiguration configuration() {
        return state.registers();
    }

    /** {@return invalidation of the caches} */
    public Invalidation invalidation() {
        return invalidation;
    }

    @Override
    public Translation translate(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        State now = state;
        if (now.enabled) {
            long stamp = recent.stamp();
            long requester = MicroTlb.requester(attributes);
            Translation.Mapped hit = recent.find(requester, stamp, iova, access);
            if (hit == null) {
                return lookUp(now.registers, context, attributes, iova, access, requester, stamp);
            }
            hits.count();
            return hit;
        }
        return now.bypass == null || (iova & ~now.bypass.mask()) != 0 ? Translation.Terminated.ABORT : now.bypass;
    }

    /** Looks in configuration cache and TLB; walks if they do not know. */
    private Translation lookUp(
            SmmuConfiguration registers,
            TransactionContext context,
            TransactionAttributes attributes,
            long iova,
            AccessKind access,
            long requester,
            long stamp) {
        ConfigurationCache.Entry cached = configurations.find(attributes.requesterId(), attributes.substreamId());
        if (cached == null) {
            return walk(registers, context, attributes, iova, access, requester, stamp, (int) misses.next());
        }
        TranslationContext space = cached.space();
        if (space == null) {
            return bypassed(registers, cached.context(), context, attributes, iova, access, requester, stamp);
        }
        int variant = cached.variant(attributes);
        long input = space.canonical(iova);
        TlbEntry entry = tlb.find(space, variant, input);
        if (entry != null && entry.mapped().allows(access)) {
            hits.count();
        } else {
            int random = (int) misses.next();
            entry = walkQuickly(context, space, variant, input, access, requester, random);
            if (entry == null) {
                return walk(registers, context, attributes, iova, access, requester, stamp, random);
            }
        }
        recent.keep(entry, requester, stamp, iova);
        return entry.mapped();
    }

    private Translation bypassed(
            SmmuConfiguration registers,
            StreamContext stream,
            TransactionContext context,
            TransactionAttributes attributes,
            long iova,
            AccessKind access,
            long requester,
            long stamp) {
        if (stream.bypass() == null) {
            return Translation.Terminated.ABORT;
        }
        return (iova & ~stream.bypass().mask()) == 0
                ? stream.bypass()
                : walk(registers, context, attributes, iova, access, requester, stamp, (int) misses.next());
    }

    /** {@return the entry of a page or block that needs no closer look, or null} */
    private TlbEntry walkQuickly(
            TransactionContext context,
            TranslationContext space,
            int variant,
            long input,
            AccessKind access,
            long requester,
            int random) {
        long generation = tlb.generation();
        tlb.register(space);
        Era era = space.era();
        TlbEntry entry = quick.translate(
                context,
                era,
                space.tableEra(),
                input,
                variant,
                access == AccessKind.READ ? Permissions.READ : Permissions.WRITE,
                requester);
        if (entry != null) {
            tlb.insert(entry, generation, random);
        }
        return entry;
    }

    private Translation walk(
            SmmuConfiguration registers,
            TransactionContext context,
            TransactionAttributes attributes,
            long iova,
            AccessKind access,
            long requester,
            long stamp,
            int random) {
        Walk walk = walks.take().begin(context, attributes, iova, access);
        try {
            return fill(walk, registers, requester, stamp, random);
        } finally {
            walk.end();
        }
    }

    /** Translates the long way, and caches what it finds. */
    private Translation fill(Walk walk, SmmuConfiguration registers, long requester, long stamp, int random) {
        TransactionAttributes attributes = walk.attributes;
        // Both generations come first: what is read below is then at least as new as they are (see Tlb).
        long tlbGeneration = tlb.generation();
        long configurationGeneration = configurations.generation();
        ConfigurationCache.Entry cached = configurations.find(attributes.requesterId(), attributes.substreamId());
        StreamContext stream = cached == null ? null : cached.context();
        if (stream == null) {
            configurationMisses.increment();
            stream = process.configuration(walk, registers);
            if (stream == null) {
                return faulted(walk);
            }
            configurations.insert(
                    attributes.requesterId(), attributes.substreamId(), stream, configurationGeneration);
            Translation.Mapped hit = findInTlb(stream, attributes, walk.iova, walk.access);
            if (hit != null) {
                return hit;
            }
        }
        TranslationContext space = stream.translation();
        Era era = null;
        if (space != null) {
            tlb.register(space);
            era = space.era();
            walk.tableEra = space.tableEra();
            walk.pointers = pointers;
        }
        Translation.Mapped mapped = process.translate(walk, stream);
        if (mapped == null) {
            return faulted(walk);
        }
        if (era != null) {
            TlbEntry entry = new TlbEntry(era, stream.variant(attributes), walk.stage1Global, mapped, requester);
            tlb.insert(entry, tlbGeneration, random);
            recent.keep(entry, requester, stamp, walk.iova);
        }
        return mapped;
    }

    private Translation.Mapped findInTlb(
            StreamContext stream, TransactionAttributes attributes, long iova, AccessKind access) {
        TranslationContext space = stream.translation();
        if (space == null) {
            return null;
        }
        TlbEntry hit = tlb.find(space, stream.variant(attributes), space.canonical(iova));
        return hit != null && hit.mapped().allows(access) ? hit.mapped() : null;
    }

    private Translation faulted(Walk walk) {
        if (walk.recorded) {
            events.record(walk.context, walk.event, walk.mergesEvents);
        }
        return walk.how;
    }

    /**
     * Translates from registers and tables alone: uses and fills no cache, records no event, counts nothing.
     *
     * @param observer watches the steps, or null
     * @return how a transaction would end if nothing were cached
     */
    public TranslationOutcome probe(
            TransactionContext context,
            TransactionAttributes attributes,
            long iova,
            AccessKind access,
            WalkObserver observer) {
        State now = state;
        Walk walk = new Walk(tables, observer).begin(context, attributes, iova, access);
        Translation.Mapped mapped;
        if (now.enabled) {
            StreamContext stream = process.configuration(walk, now.registers);
            mapped = stream == null ? null : process.translate(walk, stream);
        } else {
            mapped = process.whileDisabled(walk, now.bypass);
        }
        TranslationOutcome outcome = mapped != null
                ? new TranslationOutcome.Mapped(mapped)
                : new TranslationOutcome.Terminated(walk.how, walk.event, walk.recorded, walk.reason);
        if (observer != null) {
            observer.ended(outcome);
        }
        return outcome;
    }

    /**
     * Hands every leaf mapping of a stream to a visitor, in ascending order of unsigned input addresses, read from the
     * tables without use of the caches. Permissions are those of unprivileged data accesses unless the STE overrides
     * them; both stages are combined, a stage 1 leaf being split where stage 2 maps smaller pages. Nothing is visited
     * when the stream does not translate. At most 2^22 mappings are visited, and 2^24 entries
     * of tables and pieces of leaves looked at.
     *
     * @param substreamId SubstreamID, or {@link TransactionAttributes#NO_SUBSTREAM}
     * @return whether there are no more
     */
    public boolean leafMappings(
            TransactionContext context, int streamId, int substreamId, Consumer<LeafMapping> visitor) {
        State now = state;
        if (!now.enabled) {
            return true;
        }
        var attributes = new TransactionAttributes(streamId, substreamId, false, false);
        Walk walk = new Walk(tables, null).begin(context, attributes, 0, AccessKind.READ);
        StreamContext stream = process.configuration(walk, now.registers);
        if (stream == null || stream.translation() == null) {
            return true;
        }
        walk.override(stream.overrides());
        return process.leaves(walk, stream.translation(), visitor);
    }

    /** Hands every StreamID up to 0xFFFF whose STE is valid (V = 1) to a visitor, ascending. */
    public void streams(TransactionContext context, IntConsumer visitor) {
        Walk walk = new Walk(tables, null).begin(context, TransactionAttributes.NONE, 0, AccessKind.READ);
        process.streams(walk, state.registers(), visitor);
    }

    /** Hands the valid entries of the TLB to a visitor, in no order. */
    public void tlbEntries(Consumer<TlbEntryView> visitor) {
        tlb.forEach(entry -> visitor.accept(new TlbEntryView(
                entry.context().stage1 != null,
                entry.context().stage2 != null,
                Math.max(0, entry.context().asid()),
                entry.context().vmid,
                entry.global(),
                (entry.variant() & 1) != 0,
                (entry.variant() & 2) != 0,
                entry.mapped())));
    }

    /** Hands the valid entries of the configuration cache to a visitor, in no order. */
    public void cachedConfigurations(Consumer<CachedConfiguration> visitor) {
        configurations.forEach(entry -> {
            TranslationContext space = entry.context().translation();
            visitor.accept(new CachedConfiguration(
                    entry.streamId(),
                    entry.substreamId(),
                    entry.context().kind(),
                    space == null ? 0 : Math.max(0, space.asid()),
                    space == null ? 0 : space.vmid));
        });
    }

    /** {@return the counters} */
    public TranslationStatistics statistics() {
        long missed = misses.sum();
        long fetched = configurationMisses.sum();
        return new TranslationStatistics(hits.sum(), missed, missed - fetched, fetched);
    }
}
