package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The TLB: a bounded array of immutable entries in sets of four, read without locks and written slot by slot.
 *
 * <p>An entry of 2^n bytes lies in the set of its address divided by 2^n; a lookup tries the sizes that its context has
 * entries of.
 *
 * <p><b>Fills against invalidations.</b> A walk takes the {@linkplain #generation() generation} before it reads its
 * configuration and tables. An invalidation first raises the generation, then clears slots. After a fill has stored
 * its entry it reads the generation again and withdraws the entry when it was raised. All three accesses are volatile,
 * so either the invalidation sees the entry, or the fill sees the new generation. A stale entry that other transactions
 * can meet in between is gone when the filling transaction ends, which the grace period of CMD_SYNC waits for.
 */
final class Tlb {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(TlbEntry[].class);
    private static final int WAYS = 4;
    private static final int MAX_CONTEXTS = 4096;

    private final TlbEntry[] slots;
    private final int setMask;
    private final AtomicLong generation = new AtomicLong();
    private volatile ConcurrentHashMap<TranslationContext, Boolean> contexts = new ConcurrentHashMap<>();
    private int victim;

    /** Makes a TLB of 2^log2Entries entries. */
    Tlb(int log2Entries) {
        slots = new TlbEntry[1 << log2Entries];
        setMask = slots.length / WAYS - 1;
    }

    /** {@return the answer for an address, or null} */
    Translation.Mapped find(TranslationContext context, int variant, long address) {
        long sizes = context.sizes();
        while (sizes != 0) {
            int shift = Long.numberOfTrailingZeros(sizes);
            int set = set(context, address, shift);
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, set + way);
                if (entry != null && entry.matches(context, variant, address)) {
                    return entry.mapped();
                }
            }
            sizes &= sizes - 1;
        }
        return null;
    }

    private int set(TranslationContext context, long address, int shift) {
        return ((int) (address >>> shift) + context.salt + shift * 0x61C8_8647 & setMask) * WAYS;
    }

    /** {@return what a fill passes on to {@link #insert}; taken before configuration and tables are read} */
    long generation() {
        return generation.get();
    }

    /**
     * Stores an entry of 2^shift bytes.
     *
     * @param seen the generation from before the walk
     */
    void insert(TlbEntry entry, int shift, long seen) {
        TranslationContext context = entry.context();
        register(context);
        context.addSize(shift);
        if (entry.global() && !context.global) {
            context.global = true;
        }
        int slot = choose(set(context, entry.input(), shift), entry);
        SLOT.setVolatile(slots, slot, entry);
        if (generation.get() != seen) {
            SLOT.compareAndSet(slots, slot, entry, null);
        }
    }

    private int choose(int set, TlbEntry entry) {
        for (int way = 0; way < WAYS; way++) {
            TlbEntry present = (TlbEntry) SLOT.getAcquire(slots, set + way);
            if (present == null || present.matches(entry.context(), entry.variant(), entry.input())) {
                return set + way;
            }
        }
        return set + (victim++ & WAYS - 1);
    }

    /** Makes the context known to invalidation by address, which looks for entries context by context. */
    private void register(TranslationContext context) {
        ConcurrentHashMap<TranslationContext, Boolean> known = contexts;
        if (context.registry == known) {
            return;
        }
        if (known.size() >= MAX_CONTEXTS) {
            // Contexts that went out of use pile up here. Start over; a fill that has met the old registry is withdrawn
            // because the generation rises before the slots are cleared.
            known = new ConcurrentHashMap<>();
            contexts = known;
            removeIf(entry -> true);
        }
        known.put(context, Boolean.TRUE);
        context.registry = known;
    }

    /** Removes all entries that match. */
    void removeIf(Predicate<TlbEntry> doomed) {
        generation.getAndIncrement();
        scan(doomed);
    }

    private void scan(Predicate<TlbEntry> doomed) {
        for (int i = 0; i < slots.length; i++) {
            TlbEntry entry = (TlbEntry) SLOT.getVolatile(slots, i);
            if (entry != null && doomed.test(entry)) {
                SLOT.compareAndSet(slots, i, entry, null);
            }
        }
    }

    /**
     * Removes the matching entries of matching contexts that intersect an address range.
     *
     * @param owner contexts to look at
     * @param doomed entries of these contexts to remove if they intersect the range
     */
    void removeRange(Predicate<TranslationContext> owner, Predicate<TlbEntry> doomed, TlbRange range) {
        generation.getAndIncrement();
        for (TranslationContext context : contexts.keySet()) {
            if (!owner.test(context)) {
                continue;
            }
            for (long sizes = context.sizes(); sizes != 0; sizes &= sizes - 1) {
                int shift = Long.numberOfTrailingZeros(sizes);
                long pages = (range.last() >>> shift) - (range.first() >>> shift) + 1;
                if (pages > slots.length / WAYS / 4 || pages <= 0) {
                    scan(entry -> owner.test(entry.context()) && doomed.test(entry)
                            && range.intersects(entry.input(), entry.mask()));
                    return;
                }
                removePages(context, doomed, range, shift, pages);
            }
        }
    }

    private void removePages(
            TranslationContext context, Predicate<TlbEntry> doomed, TlbRange range, int shift, long pages) {
        for (long page = 0; page < pages; page++) {
            int set = set(context, range.first() + (page << shift), shift);
            for (int way = 0; way < WAYS; way++) {
                TlbEntry entry = (TlbEntry) SLOT.getVolatile(slots, set + way);
                if (entry != null && entry.context() == context && doomed.test(entry)
                        && range.intersects(entry.input(), entry.mask())) {
                    SLOT.compareAndSet(slots, set + way, entry, null);
                }
            }
        }
    }

    /** Hands all entries to a visitor. */
    void forEach(Consumer<TlbEntry> visitor) {
        for (int i = 0; i < slots.length; i++) {
            TlbEntry entry = (TlbEntry) SLOT.getAcquire(slots, i);
            if (entry != null) {
                visitor.accept(entry);
            }
        }
    }
}
