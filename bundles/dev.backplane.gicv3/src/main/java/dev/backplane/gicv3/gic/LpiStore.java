package dev.backplane.gicv3.gic;

import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.memory.TransactionContext;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The LPIs of one redistributor (IHI 0069, chapter 5): the pending bits, and a cache of the configuration table.
 * Pending bits are set and cleared by any thread without a lock. Everything else runs under the lock of the
 * redistributor.
 */
final class LpiStore {
    /** INTID of the first LPI. */
    static final int FIRST = 8192;

    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int CONFIG_ENABLE = 1;
    /** RES1 in a configuration table entry; in the cache it says that the entry is there. */
    private static final int CONFIG_CACHED = 1 << 1;
    private static final int CONFIG_PRIORITY = 0xFC & InterruptBank.PRIORITY_MASK;

    private volatile long[] pending;
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
        long[] words = prepare(intidBits, configurations);
        boolean complete = true;
        if (pendingTable != -1) {
            for (int word = 0; word < words.length; word++) {
                if (memory.load(context, pendingTable + FIRST / 8 + 8L * word)) {
                    words[word] = context.data();
                } else {
                    complete = false;
                }
            }
        }
        pending = words;
        return complete;
    }

    private long[] prepare(int intidBits, long configurations) {
        int count = Math.max(0, (1 << intidBits) - FIRST);
        configTable = configurations;
        configCache = new byte[count];
        return new long[count / 64];
    }

    /**
     * Disables LPIs and writes the pending bits to memory.
     *
     * @return whether the whole pending table could be written
     */
    boolean disable(TransactionContext context, TableMemory memory, long pendingTable) {
        long[] words = pending;
        pending = null;
        boolean complete = true;
        for (int word = 0; word < words.length; word++) {
            long bits = (long) WORDS.getVolatile(words, word);
            complete &= memory.store(context, pendingTable + FIRST / 8 + 8L * word, bits);
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
        long[] words = pending;
        return words == null ? new long[0] : words.clone();
    }

    /** Takes the pending bits of a saved state. */
    void restore(long[] saved, int intidBits, long configurations) {
        long[] words = prepare(intidBits, configurations);
        System.arraycopy(saved, 0, words, 0, Math.min(saved.length, words.length));
        pending = words;
    }

    /** Makes an LPI pending; any thread. */
    boolean setPending(int intid) {
        long[] words = pending;
        int index = intid - FIRST;
        if (words == null || index < 0 || index >> 6 >= words.length) {
            return false;
        }
        WORDS.getAndBitwiseOr(words, index >> 6, 1L << index);
        // An array that was replaced meanwhile has perhaps been written to memory before this bit was in it.
        return pending == words;
    }

    /** Removes the pending state of an LPI; any thread. {@return whether it was pending} */
    boolean clearPending(int intid) {
        long[] words = pending;
        int index = intid - FIRST;
        if (words == null || index < 0 || index >> 6 >= words.length) {
            return false;
        }
        long bit = 1L << index;
        return ((long) WORDS.getAndBitwiseAnd(words, index >> 6, ~bit) & bit) != 0;
    }

    /** {@return whether an INTID is one that this redistributor takes now} */
    boolean takes(int intid) {
        long[] words = pending;
        return words != null && intid >= FIRST && intid - FIRST >> 6 < words.length;
    }

    boolean isPending(int intid) {
        long[] words = pending;
        int index = intid - FIRST;
        return takes(intid) && words != null && ((long) WORDS.getAcquire(words, index >> 6) >>> index & 1) != 0;
    }

    /** {@return the first pending LPI from an INTID on, or -1; any thread} */
    int nextPending(int from) {
        long[] words = pending;
        if (words == null) {
            return -1;
        }
        int index = Math.max(0, from - FIRST);
        long keep = -1L << index;
        for (int word = index >> 6; word < words.length; word++) {
            long bits = (long) WORDS.getAcquire(words, word) & keep;
            if (bits != 0) {
                return FIRST + word * 64 + Long.numberOfTrailingZeros(bits);
            }
            keep = -1L;
        }
        return -1;
    }

    /** {@return the LPI to signal first, as {@link Candidate}; LPIs are always in group 1} */
    int best(TransactionContext context, TableMemory memory) {
        int best = Candidate.NONE;
        for (int intid = nextPending(FIRST); intid >= 0; intid = nextPending(intid + 1)) {
            int entry = configuration(context, memory, intid, true);
            if ((entry & CONFIG_ENABLE) != 0) {
                best = Math.min(best, Candidate.of(entry & CONFIG_PRIORITY, intid, 1));
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
