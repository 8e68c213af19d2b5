package dev.backplane.smmuv3.translate;

/**
 * Counts on the hot path: plain increments in stripes chosen by thread, a cache line apart. Two threads that share a
 * stripe can lose counts.
 */
final class HitCounter {
    private static final int STRIPES = 32;
    private static final int STRIDE = 16;

    private final long[] counts = new long[(STRIPES + 1) * STRIDE];

    void count() {
        counts[stripe()]++;
    }

    /** Counts, and {@return the stripe's new count} */
    long next() {
        return ++counts[stripe()];
    }

    private static int stripe() {
        return ((int) Thread.currentThread().threadId() & STRIPES - 1) * STRIDE + STRIDE;
    }

    long sum() {
        long sum = 0;
        for (long count : counts) {
            sum += count;
        }
        return sum;
    }
}
