package dev.backplane.gicv3.gic;

/**
 * An interrupt that could be signalled, packed into an int so that the one to signal first is the smallest: priority,
 * then INTID (the choice among equal priorities is the implementation's, IHI 0069, chapter 4), then its group.
 */
final class Candidate {
    /** No interrupt. */
    static final int NONE = Integer.MAX_VALUE;

    private Candidate() {}

    static int of(int priority, int intid, int group) {
        return priority << 17 | intid << 1 | group;
    }

    static int priority(int candidate) {
        return candidate >>> 17;
    }

    static int intid(int candidate) {
        return candidate >>> 1 & 0xFFFF;
    }

    static int group(int candidate) {
        return candidate & 1;
    }
}
