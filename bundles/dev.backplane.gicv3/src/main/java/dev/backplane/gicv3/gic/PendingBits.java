package dev.backplane.gicv3.gic;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Pending bits with a summary, so that whoever looks for one need not look at all: a bit of the summary is set if its
 * word may have a bit set. Any thread sets, clears and reads bits; one thread at a time asks for {@link #nextWord}, which
 * alone clears the summary.
 */
final class PendingBits {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] bits;
    private final long[] summary;

    /** Makes bits that are all clear; their number is a multiple of 64. */
    PendingBits(int count) {
        bits = new long[count / 64];
        summary = new long[(bits.length + 63) / 64];
    }

    /** {@return the number of words} */
    int words() {
        return bits.length;
    }

    boolean covers(int index) {
        return index >= 0 && index >> 6 < bits.length;
    }

    void set(int index) {
        int word = index >> 6;
        LONGS.getAndBitwiseOr(bits, word, 1L << index);
        summarize(word);
    }

    /** Both this load and the change of the bit before it are volatile: see {@link #nextWord}. */
    private void summarize(int word) {
        if (((long) LONGS.getVolatile(summary, word >> 6) >>> word & 1) == 0) {
            LONGS.getAndBitwiseOr(summary, word >> 6, 1L << word);
        }
    }

    /** {@return whether it was set} */
    boolean clear(int index) {
        long bit = 1L << index;
        return ((long) LONGS.getAndBitwiseAnd(bits, index >> 6, ~bit) & bit) != 0;
    }

    boolean isSet(int index) {
        return ((long) LONGS.getAcquire(bits, index >> 6) >>> index & 1) != 0;
    }

    long word(int word) {
        return (long) LONGS.getVolatile(bits, word);
    }

    void setWord(int word, long value) {
        LONGS.setVolatile(bits, word, value);
        if (value != 0) {
            summarize(word);
        }
    }

    /** {@return the first index from one on whose bit is set, or -1; any thread} */
    int next(int from) {
        long keep = -1L << from;
        for (int word = from >> 6; word < bits.length; word++) {
            long some = word(word) & keep;
            if (some != 0) {
                return word * 64 + Long.numberOfTrailingZeros(some);
            }
            keep = -1L;
        }
        return -1;
    }

    /**
     * {@return the first word from one on that has a bit set, or -1; one thread at a time} A word that has become empty
     * leaves the summary. Who sets a bit in it meanwhile either finds the summary cleared and sets it, or has set the
     * bit before this looks at the word again.
     */
    int nextWord(int from) {
        long keep = -1L << from;
        for (int at = from >> 6; at < summary.length; at++) {
            for (long some = (long) LONGS.getVolatile(summary, at) & keep; some != 0; some &= some - 1) {
                int word = at * 64 + Long.numberOfTrailingZeros(some);
                if (word(word) != 0) {
                    return word;
                }
                LONGS.getAndBitwiseAnd(summary, at, ~(1L << word));
                if (word(word) != 0) {
                    LONGS.getAndBitwiseOr(summary, at, 1L << word);
                    return word;
                }
            }
            keep = -1L;
        }
        return -1;
    }

    long[] save() {
        var copy = new long[bits.length];
        for (int word = 0; word < copy.length; word++) {
            copy[word] = word(word);
        }
        return copy;
    }
}
