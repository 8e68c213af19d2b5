package dev.backplane.smmuv3.translate;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The TLB: a bounded array of immutable entries in sets of four, read without locks and written slot by slot. It begins
 * small, so that an SMMU is quickly made and replaced.
 *
 * <p><b>Growth.</b> It grows when entries that count displace one another, not with the number of fills: a page that is
 * mapped and unmapped for ever needs one slot, and what was invalidated gives way first. Growing allocates and begins
 * empty, so the next invalidation does it. A transaction does it only when that has been due for long, as nothing is
 * invalidated: else a guest that maps all its memory once would miss for ever. By default this happens twice in the
 * life of an SMMU at most.
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
 * ends, which the grace period of CMD_SYNC waits for; what they kept of it elsewhere counts no more then, as the fill
 * tells that it withdrew one. Larger slots take the place of smaller ones by a volatile write
 * and begin empty: what is stored in the smaller ones later is found by transactions only that began before, so an
 * invalidation has nothing to clear there.
 */
final class Tlb {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TlbEntry[].class);
    private static final VarHandle GENERATION;
    private static final VarHandle TABLE;
    private static final int LOG2_WAYS = 2;
    private static final int WAYS = 1 << LOG2_WAYS;
    private static final int FIRST_LOG2 = 12;
    private static final int GROWTH_LOG2 = 2;
    /** One fill in so many is counted: threads would wait for the counter's cache line. */
    private static final int LOG2_COUNTED = 6;
    /** One fill in so many must displace an entry that counts for the TLB to grow. */
    private static final int DISPLACING = 8;
    /** An invalidation grows it when entries displaced so many quarters of the slots. */
    private static final int DUE = 1;
    /** A transaction does when they displaced so many. */
    private static final int OVERDUE = 4;
    /** More pages than that are not looked for one by one. */
    private static final int MOST_PAGES = 4096;

    static {
        try {
            GENERATION = MethodHandles.lookup().findVarHandle(Tlb.class, "generation", long.class);
            TABLE = MethodHandles.lookup().findVarHandle(Tlb.class, "table", Table.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final int mostLog2;
    private final Runnable withdrawn;
    private final ContextRegistry registry = new ContextRegistry(this::raiseGeneration);
    private volatile long generation;
    private volatile Table table;

    /**
     * Makes a TLB.
     *
     * @param log2Entries log2 of the most entries that it grows to
     * @param withdrawn told when an entry is gone that was older than an invalidation and may have been met after it
     */
    Tlb(int log2Entries, Runnable withdrawn) {
        mostLog2 = log2Entries;
        this.withdrawn = withdrawn;
        table = new Table(Math.min(FIRST_LOG2, log2Entries));
    }

    /** The slots. */
    private static final class Table {
        final TlbEntry[] slots;
        /**
         * A word of each entry that tells most of them apart, so that a set is looked through on one cache line; 0
         * where nothing is. Hints: for a moment they may belong to another entry than the slot holds.
         */
        final long[] tags;

        final int setBits;
        /** Displaced entries that were counted, less one for so many fills that displaced none; racy. */
        private int pressure;

        Table(int log2Entries) {
            slots = new TlbEntry[1 << log2Entries];
            tags = new long[slots.length];
            setBits = log2Entries - LOG2_WAYS;
        }

        int set(TranslationContext context, long address, int shift) {
            return ((int) (address >>> shift) + context.spread(setBits) + shift * 0x61C8_8647 & (1 << setBits) - 1)
                    * WAYS;
        }

        /** {@return the slot of an earlier entry of the same page, else a free one, else -1} */
        int vacant(int set, long tag) {
            int chosen = -1;
            for (int way = 0; way < WAYS; way++) {
                long present = tags[set + way];
                if (present == tag) {
                    return set + way;
                }
                if (present == 0) {
                    chosen = set + way;
                }
            }
            return chosen;
        }

        /** {@return the slot of an entry of a full set that counts no more, or -1} */
        int obsolete(int set) {
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, set + way);
                if (entry == null || !entry.isValid()) {
                    return set + way;
                }
            }
            return -1;
        }

        void count(boolean displaces) {
            if (displaces) {
                pressure += DISPLACING - 1;
            } else if (pressure != 0) {
                pressure--;
            }
        }

        /** {@return whether entries that count displaced as many quarters of the slots as told} */
        boolean isTight(int quarters) {
            return pressure >= (DISPLACING - 1) * quarters * (slots.length / 4 >> LOG2_COUNTED);
        }
    }

    /** {@return the entry of an address, or null} */
    TlbEntry find(TranslationContext context, int variant, long address) {
        Table now = table;
        long sizes = context.sizes();
        Era era = context.era();
        while (sizes != 0) {
            int shift = Long.numberOfTrailingZeros(sizes);
            int set = now.set(context, address, shift);
            long tag = tag(context, variant, address, shift);
            for (int way = 0; way < WAYS; way++) {
                if (now.tags[set + way] == tag) {
                    TlbEntry entry = (TlbEntry) SLOT.getAcquire(now.slots, set + way);
                    if (entry != null && entry.matches(era, variant, address)) {
                        return entry;
                    }
                }
            }
            sizes &= sizes - 1;
        }
        return null;
    }

    /** {@return a word that is not 0; other pages of the set and other contexts' seldom have the same} */
    private static long tag(TranslationContext context, int variant, long address, int shift) {
        return (address >>> shift << 2 | variant | Long.MIN_VALUE) ^ (long) context.spread(31) << 31;
    }

    /** {@return what a fill passes on to {@link #insert}; taken before anything that the entry depends on is read} */
    long generation() {
        return generation;
    }

    private void raiseGeneration() {
        GENERATION.getAndAdd(this, 1L);
    }

    /** Makes a context known; called between {@link #generation()} and reading the context's eras. */
    void register(TranslationContext context) {
        registry.register(context);
    }

    /**
     * Stores an entry.
     *
     * @param seen the generation from before the walk
     * @param random chooses the entry to replace, and whether the fill counts; of one thread's fills, a running number
     */
    void insert(TlbEntry entry, long seen, int random) {
        int shift = Long.numberOfTrailingZeros(entry.mapped().mask() + 1);
        TranslationContext context = entry.context();
        context.addSize(shift);
        if (entry.global() && !context.global) {
            context.global = true;
        }
        Table now = table;
        long tag = tag(context, entry.variant(), entry.mapped().input(), shift);
        int set = now.set(context, entry.mapped().input(), shift);
        int slot = now.vacant(set, tag);
        boolean displaces = false;
        if (slot < 0) {
            // At its full size a TLB does not look for obsolete ones: four entries and their contexts are a long way.
            slot = canGrow(now) ? now.obsolete(set) : -1;
            displaces = slot < 0;
            slot = displaces ? set + (random & WAYS - 1) : slot;
        }
        now.tags[slot] = tag;
        SLOT.setVolatile(now.slots, slot, entry);
        if (generation != seen) {
            SLOT.compareAndSet(now.slots, slot, entry, null);
            withdrawn.run();
        }
        if (isCounted(random) && canGrow(now)) {
            now.count(displaces);
            growIfTight(now, OVERDUE);
        }
    }

    /** {@return whether a fill is one of the few; as numbers count misses, guests' habits would show in the low bits} */
    private static boolean isCounted(int random) {
        return random * 0x9E37_79B1 >>> Integer.SIZE - LOG2_COUNTED == 0;
    }

    private boolean canGrow(Table now) {
        return now.setBits + LOG2_WAYS < mostLog2;
    }

    /** Takes larger slots if entries that count displaced so many quarters of the slots. */
    private void growIfTight(Table now, int quarters) {
        if (canGrow(now) && now.isTight(quarters)) {
            TABLE.compareAndSet(this, now, new Table(Math.min(mostLog2, now.setBits + LOG2_WAYS + GROWTH_LOG2)));
        }
    }

    /** {@return the present number of slots} */
    int slots() {
        return table.slots.length;
    }

    /** Drops all entries of matching contexts, and what the walk cache has of them. */
    void removeContexts(Predicate<TranslationContext> doomed) {
        raiseGeneration();
        for (TranslationContext context : registry.contexts()) {
            if (doomed.test(context)) {
                context.forget();
            }
        }
        growIfTight(table, DUE);
    }

    /**
     * Removes the matching entries of matching contexts that intersect an address range; for more than last-level
     * entries also all that the walk cache has of these contexts.
     *
     * @param owner contexts to look at
     * @param doomed entries of these contexts to remove if they intersect the range
     */
    void removeRange(Predicate<TranslationContext> owner, Predicate<TlbEntry> doomed, TlbRange range) {
        raiseGeneration();
        if (!range.leaf()) {
            for (TranslationContext context : registry.contexts()) {
                if (owner.test(context)) {
                    context.forgetTables();
                }
            }
            raiseGeneration();
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
        growIfTight(table, DUE);
    }

    /** {@return whether a range has so many pages that it is better to drop the whole context} */
    private boolean isLarge(TranslationContext context, TlbRange range) {
        long sizes = context.sizes();
        if (sizes == 0) {
            return false;
        }
        int shift = Long.numberOfTrailingZeros(sizes);
        long pages = (range.last() >>> shift) - (range.first() >>> shift) + 1;
        return pages > Math.min(MOST_PAGES, table.slots.length / WAYS) || pages <= 0;
    }

    private void removePages(TranslationContext context, Predicate<TlbEntry> doomed, TlbRange range, int shift) {
        Table now = table;
        long pages = (range.last() >>> shift) - (range.first() >>> shift) + 1;
        for (long page = 0; page < pages; page++) {
            int set = now.set(context, range.first() + (page << shift), shift);
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getVolatile(now.slots, set + way);
                if (entry != null && entry.context() == context && doomed.test(entry)
                        && range.intersects(entry.mapped().input(), entry.mapped().mask())
                        && SLOT.compareAndSet(now.slots, set + way, entry, null)) {
                    now.tags[set + way] = 0;
                }
            }
        }
    }

    /** Hands all valid entries to a visitor. */
    void forEach(Consumer<TlbEntry> visitor) {
        TlbEntry[] slots = table.slots;
        for (int i = 0; i < slots.length; i++) {
            TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, i);
            if (entry != null && entry.isValid()) {
                visitor.accept(entry);
            }
        }
    }
}
