package dev.backplane.smmuv3.translate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The TLB: a bounded array of immutable entries in sets of four, read without locks and written slot by slot.
 *
 * <p>An entry of 2^n bytes lies in the set of its address divided by 2^n; a lookup tries the sizes that its context has
 * entries of. Whole contexts are dropped by giving them a new {@link Era}, whatever the number of their entries; only
 * invalidation by address removes entries one by one.
 *
 * <p><b>Fills against invalidations.</b> A fill takes the {@linkplain #generation() generation}, makes its context
 * known, takes the context's eras, and then reads tables or what the walk cache has of them; after it has stored its
 * entry it reads the generation again and withdraws the entry when it was raised. Invalidation raises the generation,
 * ends eras, raises the generation again where that dropped table pointers only, then clears slots. All these accesses
 * are volatile. So a fill that took its generation after the last raise used neither tables from before the
 * invalidation nor a pointer to them; of any other fill the invalidation meets the entry, or the fill meets the new
 * generation. A context that the invalidation did not meet was made known after the first raise, and its tables were
 * read later still. A stale entry that other transactions can meet in between is gone when the filling transaction
 * ends, which the grace period of CMD_SYNC waits for.
 */
final class Tlb {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TlbEntry[].class);
    private static final int WAYS = 4;

    private final TlbEntry[] slots;
    private final int setMask;
    private final AtomicLong generation = new AtomicLong();
    private final ContextRegistry registry = new ContextRegistry(generation::getAndIncrement);

    /** Makes a TLB of 2^log2Entries entries. */
    Tlb(int log2Entries) {
        slots = new TlbEntry[1 << log2Entries];
        setMask = slots.length / WAYS - 1;
    }

    /** {@return the entry of an address, or null} */
    TlbEntry find(TranslationContext context, int variant, long address) {
        long sizes = context.sizes();
        Era era = context.era();
        while (sizes != 0) {
            int shift = Long.numberOfTrailingZeros(sizes);
            int set = set(context, address, shift);
            int tag = TlbEntry.tag(variant, address, shift);
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, set + way);
                if (entry != null && entry.matches(era, tag, address)) {
                    return entry;
                }
            }
            sizes &= sizes - 1;
        }
        return null;
    }

    private int set(TranslationContext context, long address, int shift) {
        return ((int) (address >>> shift) + context.salt + shift * 0x61C8_8647 & setMask) * WAYS;
    }

    /** {@return what a fill passes on to {@link #insert}; taken before anything that the entry depends on is read} */
    long generation() {
        return generation.get();
    }

    /** Makes a context known; called between {@link #generation()} and reading the context's eras. */
    void register(TranslationContext context) {
        registry.register(context);
    }

    /**
     * Stores an entry.
     *
     * @param seen the generation from before the walk
     * @param random chooses the entry to replace
     */
    void insert(TlbEntry entry, long seen, int random) {
        int shift = Long.numberOfTrailingZeros(entry.mapped().mask() + 1);
        TranslationContext context = entry.context();
        context.addSize(shift);
        if (entry.global() && !context.global) {
            context.global = true;
        }
        int slot = choose(set(context, entry.mapped().input(), shift), entry, random);
        SLOT.setVolatile(slots, slot, entry);
        if (generation.get() != seen) {
            SLOT.compareAndSet(slots, slot, entry, null);
        }
    }

    private int choose(int set, TlbEntry entry, int random) {
        long address = entry.mapped().input();
        int chosen = set + (random & WAYS - 1);
        for (int way = 0; way < WAYS; way++) {
            TlbEntry present = (TlbEntry) SLOT.getAcquire(slots, set + way);
            if (present == null) {
                return set + way;
            }
            if (present.era() == entry.era()
                    ? present.tag() == entry.tag() && present.mapped().input() == address
                    : !present.isValid()) {
                chosen = set + way;
            }
        }
        return chosen;
    }

    /** Drops all entries of matching contexts, and what the walk cache has of them. */
    void removeContexts(Predicate<TranslationContext> doomed) {
        generation.getAndIncrement();
        for (TranslationContext context : registry.contexts()) {
            if (doomed.test(context)) {
                context.forget();
            }
        }
    }

    /**
     * Removes the matching entries of matching contexts that intersect an address range; for more than last-level
     * entries also all that the walk cache has of these contexts.
     *
     * @param owner contexts to look at
     * @param doomed entries of these contexts to remove if they intersect the range
     */
    void removeRange(Predicate<TranslationContext> owner, Predicate<TlbEntry> doomed, TlbRange range) {
        generation.getAndIncrement();
        if (!range.leaf()) {
            for (TranslationContext context : registry.contexts()) {
                if (owner.test(context)) {
                    context.forgetTables();
                }
            }
            generation.getAndIncrement();
        }
        for (TranslationContext context : registry.contexts()) {
            if (!owner.test(context)) {
                continue;
            }
            if (isLarge(context, range)) {
                context.forget();
                continue;
            }
            for (long sizes = context.sizes(); sizes != 0; sizes &= sizes - 1) {
                removePages(context, doomed, range, Long.numberOfTrailingZeros(sizes));
            }
        }
    }

    /** {@return whether a range has so many pages that it is better to drop the whole context} */
    private boolean isLarge(TranslationContext context, TlbRange range) {
        long sizes = context.sizes();
        if (sizes == 0) {
            return false;
        }
        int shift = Long.numberOfTrailingZeros(sizes);
        long pages = (range.last() >>> shift) - (range.first() >>> shift) + 1;
        return pages > slots.length / WAYS / 4 || pages <= 0;
    }

    private void removePages(TranslationContext context, Predicate<TlbEntry> doomed, TlbRange range, int shift) {
        long pages = (range.last() >>> shift) - (range.first() >>> shift) + 1;
        for (long page = 0; page < pages; page++) {
            int set = set(context, range.first() + (page << shift), shift);
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getVolatile(slots, set + way);
                if (entry != null && entry.context() == context && doomed.test(entry)
                        && range.intersects(entry.mapped().input(), entry.mapped().mask())) {
                    SLOT.compareAndSet(slots, set + way, entry, null);
                }
            }
        }
    }

    /** Hands all valid entries to a visitor. */
    void forEach(Consumer<TlbEntry> visitor) {
        for (int i = 0; i < slots.length; i++) {
            TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, i);
            if (entry != null && entry.isValid()) {
                visitor.accept(entry);
            }
        }
    }
}
