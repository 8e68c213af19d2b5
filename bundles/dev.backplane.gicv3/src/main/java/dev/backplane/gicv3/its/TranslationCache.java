package dev.backplane.gicv3.its;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Translations of (DeviceID, EventID) into (processor, INTID), each whole in one word, so that a lookup is a few loads
 * without a lock. Whoever changes a mapping invalidates here and then waits for a grace period; a translation that was
 * looked up in the tables before that is not taken any more, as {@link #generation} has moved on. Additions and
 * invalidations lock one stripe of the cache, so that threads that miss do not meet.
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

    private static final int STRIPES = 64;
    private static final int STRIPE = SETS * WAYS / STRIPES;

    private final long[] words = new long[SETS * WAYS];
    private final Stripe[] stripes = new Stripe[STRIPES];

    /** Guards consecutive sets. */
    private static final class Stripe {
        private final int first;
        private volatile long generation;
        private int victim;

        Stripe(int first) {
            this.first = first;
        }
    }

    TranslationCache() {
        for (int n = 0; n < STRIPES; n++) {
            stripes[n] = new Stripe(n * STRIPE);
        }
    }

    private Stripe stripe(long key) {
        return stripes[set(key) / STRIPE];
    }

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

    /** {@return a mark of a translation to take before looking into the tables} */
    long generation(int deviceId, int eventId) {
        return stripe(key(deviceId, eventId)).generation;
    }

    /** Adds a translation unless it may have been invalidated since the mark was taken. */
    void add(long mark, int deviceId, int eventId, int processor, int intid) {
        if (processor > MAX_PROCESSOR || intid > MAX_INTID) {
            return;
        }
        long key = key(deviceId, eventId);
        Stripe stripe = stripe(key);
        synchronized (stripe) {
            if (mark == stripe.generation) {
                WORDS.setRelease(
                        words, place(stripe, key), key << KEY_SHIFT | (long) processor << PROCESSOR_SHIFT | intid);
            }
        }
    }

    /** {@return where a key is, or else where it goes} */
    private int place(Stripe stripe, long key) {
        int at = set(key);
        int free = -1;
        for (int way = 0; way < WAYS; way++) {
            if (words[at + way] >>> KEY_SHIFT == key) {
                return at + way;
            }
            if (free < 0 && words[at + way] == NONE) {
                free = at + way;
            }
        }
        return free >= 0 ? free : at + (stripe.victim++ & WAYS - 1);
    }

    /** Drops one translation. */
    void invalidate(int deviceId, int eventId) {
        long key = key(deviceId, eventId);
        drop(stripe(key), KEY_SHIFT, key);
    }

    /** Drops all translations of a device. */
    void invalidateDevice(int deviceId) {
        long key = key(deviceId, 0) >>> 16;
        for (Stripe stripe : stripes) {
            drop(stripe, KEY_SHIFT + 16, key);
        }
    }

    /** Drops everything. */
    void invalidateAll() {
        for (Stripe stripe : stripes) {
            drop(stripe, Long.SIZE - 1, 0);
        }
    }

    /** Drops what has certain upper bits. An unsigned shift by 63 leaves nothing of a word: its top bits are clear. */
    private void drop(Stripe stripe, int shift, long upper) {
        synchronized (stripe) {
            stripe.generation++;
            for (int at = stripe.first; at < stripe.first + STRIPE; at++) {
                if (words[at] >>> shift == upper) {
                    WORDS.setRelease(words, at, NONE);
                }
            }
        }
    }

    /** {@return how many translations are held} */
    int size() {
        int count = 0;
        for (Stripe stripe : stripes) {
            synchronized (stripe) {
                for (int at = stripe.first; at < stripe.first + STRIPE; at++) {
                    count += words[at] == NONE ? 0 : 1;
                }
            }
        }
        return count;
    }
}
