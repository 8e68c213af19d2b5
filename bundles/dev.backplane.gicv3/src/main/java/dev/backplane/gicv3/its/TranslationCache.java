package dev.backplane.gicv3.its;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Translations of (DeviceID, EventID) into (processor, INTID), each whole in one word, so that a lookup is a few loads
 * without a lock. Whoever changes a mapping invalidates here and then waits for a grace period; a translation that was
 * looked up in the tables before that is not taken any more, as {@link #generation} has moved on.
 */
final class TranslationCache {
    /** No translation. */
    static final long NONE = 0;

    private static final int WAYS = 4;
    private static final int SETS = 2048;
    private static final int KEY_SHIFT = 25;
    private static final int PROCESSOR_SHIFT = 16;
    private static final int MAX_PROCESSOR = (1 << KEY_SHIFT - PROCESSOR_SHIFT) - 1;
    private static final int MAX_INTID = (1 << PROCESSOR_SHIFT) - 1;
    private static final long KEY_VALID = 1L << 32;
    private static final VarHandle WORDS = MethodHandles.arrayElementVarHandle(long[].class);

    private final long[] words = new long[SETS * WAYS];
    private int victim;
    private volatile long generation;

    private static long key(int deviceId, int eventId) {
        return KEY_VALID | (long) deviceId << 16 | eventId;
    }

    private static int set(long key) {
        return (int) (key * 0x9E37_79B9_7F4A_7C15L >>> 53) * WAYS;
    }

    static int processor(long translation) {
        return (int) (translation >>> PROCESSOR_SHIFT) & MAX_PROCESSOR;
    }

    static int intid(long translation) {
        return (int) translation & MAX_INTID;
    }

    /**
     * {@return a translation, or {@link #NONE}}
     *
     * @param deviceId 16 bits
     * @param eventId 16 bits
     */
    long find(int deviceId, int eventId) {
        long key = key(deviceId, eventId);
        int at = set(key);
        for (int way = 0; way < WAYS; way++) {
            long word = (long) WORDS.getAcquire(words, at + way);
            if (word >>> KEY_SHIFT == key) {
                return word;
            }
        }
        return NONE;
    }

    /** {@return a mark to take before looking into the tables} */
    long generation() {
        return generation;
    }

    /** Adds a translation unless something was invalidated since the mark was taken. */
    synchronized void add(long mark, int deviceId, int eventId, int processor, int intid) {
        if (mark != generation || processor > MAX_PROCESSOR || intid > MAX_INTID) {
            return;
        }
        long key = key(deviceId, eventId);
        int at = set(key);
        int slot = at + (victim++ & WAYS - 1);
        for (int way = WAYS - 1; way >= 0; way--) {
            if (words[at + way] == NONE) {
                slot = at + way;
            }
        }
        for (int way = 0; way < WAYS; way++) {
            if (words[at + way] >>> KEY_SHIFT == key) {
                slot = at + way;
            }
        }
        WORDS.setRelease(words, slot, key << KEY_SHIFT | (long) processor << PROCESSOR_SHIFT | intid);
    }

    /** Drops one translation. */
    synchronized void invalidate(int deviceId, int eventId) {
        generation++;
        long key = key(deviceId, eventId);
        int at = set(key);
        for (int way = 0; way < WAYS; way++) {
            if (words[at + way] >>> KEY_SHIFT == key) {
                WORDS.setRelease(words, at + way, NONE);
            }
        }
    }

    /** Drops all translations of a device. */
    synchronized void invalidateDevice(int deviceId) {
        generation++;
        long key = key(deviceId, 0) >>> 16;
        for (int slot = 0; slot < words.length; slot++) {
            if (words[slot] >>> KEY_SHIFT + 16 == key) {
                WORDS.setRelease(words, slot, NONE);
            }
        }
    }

    /** Drops everything. */
    synchronized void invalidateAll() {
        generation++;
        Arrays.fill(words, NONE);
    }

    /** {@return how many translations are held} */
    synchronized int size() {
        int count = 0;
        for (long word : words) {
            count += word == NONE ? 0 : 1;
        }
        return count;
    }
}
