package dev.backplane.itest.qemu;

import java.util.SplittableRandom;

/** Random choices that a seed repeats. */
final class Dice {
    private final SplittableRandom random;

    Dice(long seed, int number) {
        random = new SplittableRandom(seed * 1_000_003 + number);
    }

    boolean oneIn(int n) {
        return random.nextInt(n) == 0;
    }

    boolean coin() {
        return random.nextBoolean();
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    /** {@return a number of so many bits} */
    long bits(int count) {
        return count == 64 ? random.nextLong() : random.nextLong() & (1L << count) - 1;
    }

    int pick(int... values) {
        return values[random.nextInt(values.length)];
    }

    long pick(long... values) {
        return values[random.nextInt(values.length)];
    }
}
