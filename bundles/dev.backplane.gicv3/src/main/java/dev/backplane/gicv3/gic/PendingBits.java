package dev.backplane.gicv3.gic;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Pending bits, and which words of them were ever used, so that whoever looks for a bit need not look at all of them:
 * software uses few LPIs of those that there are. A word is marked before a bit in it is set for the first time, and
 * stays so. Any thread does anything.
 */
final class PendingBits {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** The bits, and after them the marks: one array, since a message looks at both. */
    private final long[] all;
    private final int words;

    /** Makes bits that are all clear; their number is a multiple of 64. */
    PendingBits(int count) {
        words = count / 64;
        all = new long[words + (words + 63) / 64];
    }

    /** {@return the number of words} */
    int words() {
        return words;
    }

    boolean covers(int index) {
        return index >= 0 && index >> 6 < words;
    }

    void set(int index) {
        int word = index >> 6;
        mark(word);
        LONGS.getAndBitwiseOr(all, word, 1L << index);
    }

    private void mark(int word) {
        int at = words + (word >> 6);
        if (((long) LONGS.getAcquire(all, at) >>> word & 1) == 0) {
            LONGS.getAndBitwiseOr(all, at, 1L << word);
        }
    }

    /** {@return whether it was set} */
    boolean clear(int index) {
        long bit = 1L << index;
        return ((long) LONGS.getAndBitwiseAnd(all, index >> 6, ~bit) & bit) != 0;
    }

    boolean isSet(int index) {
        return ((long) LONGS.getAcquire(all, index >> 6) >>> index & 1) != 0;
    }

    long word(int word) {
        return (long) LONGS.getVolatile(all, word);
    }

    void setWord(int word, long value) {
        if (value != 0) {
            mark(word);
        }
        LONGS.setVolatile(all, word, value);
    }

    /** {@return the first index from one on whose bit is set, or -1} */
    int next(int from) {
        int word = from >> 6;
        long some = word < words ? word(word) & -1L << from : 0;
        while (some == 0) {
            word = nextWord(word + 1);
            if (word < 0) {
                return -1;
            }
            some = word(word);
        }
        return word * 64 + Long.numberOfTrailingZeros(some);
    }

    /** {@return the first word from one on that has a bit set, or -1} */
    int nextWord(int from) {
        long keep = -1L << from;
        for (int at = words + (from >> 6); at < all.length; at++) {
            for (long marks = word(at) & keep; marks != 0; marks &= marks - 1) {
                int word = (at - words) * 64 + Long.numberOfTrailingZeros(marks);
                if (word(word) != 0) {
                    return word;
                }
            }
            keep = -1L;
        }
        return -1;
    }

    long[] save() {
        var copy = new long[words];
        for (int word = 0; word < words; word++) {
            copy[word] = word(word);
        }
        return copy;
    }
}
