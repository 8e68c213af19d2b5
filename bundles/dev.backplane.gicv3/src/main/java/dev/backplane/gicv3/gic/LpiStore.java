package dev.backplane.gicv3.gic;

import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.memory.TransactionContext;
import java.util.Arrays;

/**
 * The LPIs of one redistributor (IHI 0069, chapter 5): the pending bits, and a cache of the configuration table.
 * Pending bits are set and cleared by any thread without a lock. Everything else runs under the lock of the
 * redistributor.
 */
final class LpiStore {
    /** INTID of the first LPI. */
    static final int FIRST = 8192;

    private static final int CONFIG_ENABLE = 1;
    /** RES1 in a configuration table entry; in the cache it says that the entry is there. */
    private static final int CONFIG_CACHED = 1 << 1;
    private static final int CONFIG_PRIORITY = 0xFC & InterruptBank.PRIORITY_MASK;

    private volatile PendingBits pending;
    private byte[] configCache;
    private long configTable;

    /** {@return whether LPIs are enabled} */
    boolean isEnabled() {
        return pending != null;
    }

    /**
     * Enables LPIs.
     *
     * @param intidBits bits of an INTID that both tables cover; below 14 there are no LPIs
     * @param configurations address of the configuration table
     * @param pendingTable address of the pending table, or -1 when it is known to be zero
     * @return whether the whole pending table could be read
     */
    boolean enable(
            TransactionContext context, TableMemory memory, int intidBits, long configurations, long pendingTable) {
        PendingBits bits = prepare(intidBits, configurations);
        boolean complete = true;
        if (pendingTable != -1) {
            for (int word = 0; word < bits.words(); word++) {
                if (memory.load(context, pendingTable + FIRST / 8 + 8L * word)) {
                    bits.setWord(word, context.data());
                } else {
                    complete = false;
                }
            }
        }
        pending = bits;
        return complete;
    }

    private PendingBits prepare(int intidBits, long configurations) {
        int count = Math.max(0, (1 << intidBits) - FIRST);
        configTable = configurations;
        configCache = new byte[count];
        return new PendingBits(count);
    }

    /**
     * Disables LPIs and writes the pending bits to memory.
     *
     * @return whether the whole pending table could be written
     */
    boolean disable(TransactionContext context, TableMemory memory, long pendingTable) {
        PendingBits bits = pending;
        pending = null;
        boolean complete = true;
        for (int word = 0; word < bits.words(); word++) {
            complete &= memory.store(context, pendingTable + FIRST / 8 + 8L * word, bits.word(word));
        }
        return complete;
    }

    /** Forgets everything without touching memory. */
    void reset() {
        pending = null;
        configCache = null;
    }

    /** {@return a copy of the pending bits, or an empty array when LPIs are not enabled} */
    long[] save() {
        PendingBits bits = pending;
        return bits == null ? new long[0] : bits.save();
    }

    /** Takes the pending bits of a saved state. */
    void restore(long[] saved, int intidBits, long configurations) {
        PendingBits bits = prepare(intidBits, configurations);
        for (int word = 0; word < Math.min(saved.length, bits.words()); word++) {
            bits.setWord(word, saved[word]);
        }
        pending = bits;
    }

    /** Makes an LPI pending; any thread. */
    boolean setPending(int intid) {
        PendingBits bits = pending;
        if (bits == null || !bits.covers(intid - FIRST)) {
            return false;
        }
        bits.set(intid - FIRST);
        // Bits that were replaced meanwhile have perhaps been written to memory before this one was among them.
        return pending == bits;
    }

    /** Removes the pending state of an LPI; any thread. {@return whether it was pending} */
    boolean clearPending(int intid) {
        PendingBits bits = pending;
        return bits != null && bits.covers(intid - FIRST) && bits.clear(intid - FIRST);
    }

    /** {@return whether an INTID is one that this redistributor takes now} */
    boolean takes(int intid) {
        PendingBits bits = pending;
        return bits != null && bits.covers(intid - FIRST);
    }

    boolean isPending(int intid) {
        PendingBits bits = pending;
        return bits != null && bits.covers(intid - FIRST) && bits.isSet(intid - FIRST);
    }

    /** {@return the first pending LPI from an INTID on, or -1; any thread} */
    int nextPending(int from) {
        PendingBits bits = pending;
        int index = bits == null ? -1 : bits.next(Math.max(0, from - FIRST));
        return index < 0 ? -1 : FIRST + index;
    }

    /** {@return the LPI to signal first, as {@link Candidate}; LPIs are always in group 1} */
    int best(TransactionContext context, TableMemory memory) {
        int best = Candidate.NONE;
        PendingBits bits = pending;
        if (bits == null) {
            return best;
        }
        for (int word = bits.nextWord(0); word >= 0; word = bits.nextWord(word + 1)) {
            for (long some = bits.word(word); some != 0; some &= some - 1) {
                int intid = FIRST + word * 64 + Long.numberOfTrailingZeros(some);
                int entry = configuration(context, memory, intid, true);
                if ((entry & CONFIG_ENABLE) != 0) {
                    best = Math.min(best, Candidate.of(entry & CONFIG_PRIORITY, intid, 1));
                }
            }
        }
        return best;
    }

    /** {@return whether an LPI is enabled; leaves the cache as it is} */
    boolean isEnabled(TransactionContext context, TableMemory memory, int intid) {
        return (configuration(context, memory, intid, false) & CONFIG_ENABLE) != 0;
    }

    /** {@return the priority of an LPI; leaves the cache as it is} */
    int priority(TransactionContext context, TableMemory memory, int intid) {
        return configuration(context, memory, intid, false) & CONFIG_PRIORITY;
    }

    /** {@return the cached configuration of an LPI; what cannot be read counts as disabled and is asked for again} */
    private int configuration(TransactionContext context, TableMemory memory, int intid, boolean fill) {
        int index = intid - FIRST;
        if (index >= configCache.length) {
            return 0;
        }
        int cached = configCache[index];
        if ((cached & CONFIG_CACHED) != 0) {
            return cached & 0xFF;
        }
        if (!memory.load(context, configTable + (index & ~7))) {
            return 0;
        }
        int entry = (int) (context.data() >>> 8 * (index & 7)) & 0xFF;
        if (fill) {
            configCache[index] = (byte) (entry | CONFIG_CACHED);
        }
        return entry;
    }

    /** {@return the address of the configuration of an LPI that this redistributor takes} */
    long configurationAddress(int intid) {
        return configTable + intid - FIRST;
    }

    /** {@return whether the configuration of an LPI that this redistributor takes is cached} */
    boolean isCached(int intid) {
        return (configCache[intid - FIRST] & CONFIG_CACHED) != 0;
    }

    /** Drops the cached configuration of an LPI. */
    void invalidate(int intid) {
        int index = intid - FIRST;
        if (configCache != null && index >= 0 && index < configCache.length) {
            configCache[index] = 0;
        }
    }

    /** Drops all cached configurations. */
    void invalidateAll() {
        if (configCache != null) {
            Arrays.fill(configCache, (byte) 0);
        }
    }
}
