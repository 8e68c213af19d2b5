package dev.backplane.smmuv3.translate;

import dev.backplane.memory.DmaPort;

/**
 * Walks to use again, by thread: fresh ones would be most of the memory that a miss touches. A walk belongs to the
 * thread that made it, so that finding one takes no atomic access; threads that share a slot make new ones in turn.
 */
final class WalkPool {
    private static final int SLOTS = 64;
    private static final int STRIDE = 16;

    private final DmaPort tables;
    private final Walk[] slots = new Walk[SLOTS * STRIDE];

    WalkPool(DmaPort tables) {
        this.tables = tables;
    }

    /** {@return a walk that is the calling thread's until it has {@linkplain Walk#end ended}} */
    Walk take() {
        long thread = Thread.currentThread().threadId();
        int slot = ((int) thread & SLOTS - 1) * STRIDE;
        Walk walk = slots[slot];
        // What lies there may be another thread's; nothing but its final owner is looked at then.
        if (walk == null || walk.owner != thread || walk.busy) {
            walk = new Walk(tables, thread);
            slots[slot] = walk;
        }
        return walk;
    }
}
