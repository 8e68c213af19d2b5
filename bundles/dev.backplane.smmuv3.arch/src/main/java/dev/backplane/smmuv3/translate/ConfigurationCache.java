package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionAttributes;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * Cached configuration by StreamID and SubstreamID: a bounded array of immutable entries in sets of two, read without
 * locks. Fills and invalidations meet as in {@link Tlb}.
 */
final class ConfigurationCache {
    private static final VarHandle SLOT = MethodHandles.arrayElementVarHandle(Entry[].class);
    private static final int SETS = 4096;
    private static final int WAYS = 2;
    private static final int MAX_CONTEXTS = 4096;

    /**
     * An entry, with what a TLB lookup needs at hand.
     *
     * @param substreamId SubstreamID or NO_SUBSTREAM
     * @param space see {@link StreamContext#translation}
     * @param keptVariant see {@link StreamContext#keptVariant}
     * @param setVariant see {@link StreamContext#setVariant}
     */
    record Entry(
            int streamId,
            int substreamId,
            StreamContext context,
            TranslationContext space,
            int keptVariant,
            int setVariant) {
        Entry(int streamId, int substreamId, StreamContext context) {
            this(streamId, substreamId, context, context.translation(), context.keptVariant(), context.setVariant());
        }

        /** {@return see {@link StreamContext#variant}} */
        int variant(TransactionAttributes attributes) {
            return Permissions.variant(attributes.privileged(), attributes.instruction()) & keptVariant | setVariant;
        }
    }

    private final Entry[] slots = new Entry[SETS * WAYS];
    private final AtomicLong generation = new AtomicLong();
    private final ConcurrentHashMap<TranslationContext.Key, TranslationContext> shared = new ConcurrentHashMap<>();
    private final Runnable withdrawn;
    private int victim;

    /** An entry of a SubstreamID has been stored: the entries of a stream may lie in any set. */
    private volatile boolean hasSubstreams;

    /** Something has been stored since all was removed. */
    private volatile boolean used;

    /**
     * Makes an empty one.
     *
     * @param withdrawn told when an entry is gone that was older than an invalidation and may have been met after it
     */
    ConfigurationCache(Runnable withdrawn) {
        this.withdrawn = withdrawn;
    }

    /** {@return the configuration, or null when it is not cached} */
    Entry find(int streamId, int substreamId) {
        int set = set(streamId, substreamId);
        for (int way = 0; way < WAYS; way++) {
            Entry entry = (Entry) SLOT.getAcquire(slots, set + way);
            if (entry != null && entry.streamId() == streamId && entry.substreamId() == substreamId) {
                return entry;
            }
        }
        return null;
    }

    private static int set(int streamId, int substreamId) {
        return (streamId + (substreamId + 1) * 0x9E37_79B1 & SETS - 1) * WAYS;
    }

    /** {@return what a fill passes on to {@link #insert}; taken before the configuration is read} */
    long generation() {
        return generation.get();
    }

    void insert(int streamId, int substreamId, StreamContext context, long seen) {
        // Before the entry is stored: an invalidation that overlooks it raises the generation before this fill's check.
        if (substreamId != TransactionAttributes.NO_SUBSTREAM && !hasSubstreams) {
            hasSubstreams = true;
        }
        if (!used) {
            used = true;
        }
        int set = set(streamId, substreamId);
        int slot = set + (victim++ & WAYS - 1);
        for (int way = 0; way < WAYS; way++) {
            if (SLOT.getAcquire(slots, set + way) == null) {
                slot = set + way;
                break;
            }
        }
        Entry entry = new Entry(streamId, substreamId, context);
        SLOT.setVolatile(slots, slot, entry);
        if (generation.get() != seen) {
            SLOT.compareAndSet(slots, slot, entry, null);
            withdrawn.run();
        }
    }

    /** {@return the address space of this content; streams with equal content share one, and so its TLB entries} */
    TranslationContext share(TranslationContext.Key key) {
        if (shared.size() > MAX_CONTEXTS) {
            // Forgetting them only ends the sharing with what is cached now.
            shared.clear();
        }
        return shared.computeIfAbsent(key, TranslationContext::new);
    }

    /** Removes the entry of a stream and substream. */
    void remove(int streamId, int substreamId) {
        generation.getAndIncrement();
        int set = set(streamId, substreamId);
        scan(set, set + WAYS, entry -> entry.streamId() == streamId && entry.substreamId() == substreamId);
    }

    /** Removes all entries of a stream. */
    void removeStream(int streamId) {
        remove(streamId, TransactionAttributes.NO_SUBSTREAM);
        if (hasSubstreams) {
            scan(0, slots.length, entry -> entry.streamId() == streamId);
        }
    }

    /** Removes all entries. */
    void removeAll() {
        generation.getAndIncrement();
        if (used) {
            used = false;
            scan(0, slots.length, entry -> true);
        }
    }

    /** Removes all entries that match. */
    void removeIf(Predicate<Entry> doomed) {
        generation.getAndIncrement();
        scan(0, slots.length, doomed);
    }

    private void scan(int from, int to, Predicate<Entry> doomed) {
        for (int i = from; i < to; i++) {
            Entry entry = (Entry) SLOT.getVolatile(slots, i);
            if (entry != null && doomed.test(entry)) {
                SLOT.compareAndSet(slots, i, entry, null);
            }
        }
    }

    /** Hands all entries to a visitor. */
    void forEach(Consumer<Entry> visitor) {
        for (int i = 0; i < slots.length; i++) {
            Entry entry = (Entry) SLOT.getAcquire(slots, i);
            if (entry != null) {
                visitor.accept(entry);
            }
        }
    }
}
