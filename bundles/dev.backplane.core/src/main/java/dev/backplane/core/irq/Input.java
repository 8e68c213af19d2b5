package dev.backplane.core.irq;

import dev.backplane.core.epoch.BreakableLock;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.irq.InterruptController;
import dev.backplane.memory.TransactionContext;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * One input of an interrupt controller: the OR of the lines wired to it, and what happened to it while nobody was there
 * to take it. Its lock keeps changes in order; controllers call nothing that could wait for it. A controller that hangs
 * loses it.
 */
final class Input {
    private static final int SHARED = -1;

    /**
     * Which input it is.
     *
     * @param processor processor that has it to itself, or -1
     * @param intid INTID
     */
    record Id(int processor, int intid) {
        static Id shared(int intid) {
            return new Id(SHARED, intid);
        }

        boolean isShared() {
            return processor == SHARED;
        }
    }

    private final Id id;
    private final Supplier<InterruptController> controllers;
    private final BreakableLock<ReentrantLock> lock = new BreakableLock<>(ReentrantLock::new);
    private int asserting;
    private boolean delivered;
    private boolean rose;

    /**
     * Makes an input that is not asserted.
     *
     * @param controllers gives the controller that takes it now, or null; asked under the lock, so that a change is
     *     either delivered or seen by {@link #catchUp}
     */
    Input(Id id, Supplier<InterruptController> controllers) {
        this.id = id;
        this.controllers = controllers;
    }

    Id id() {
        return id;
    }

    private void tell(InterruptController controller, TransactionContext context, boolean asserted) {
        if (id.isShared()) {
            controller.setInput(context, id.intid(), asserted);
        } else {
            controller.setPrivateInput(context, id.processor(), id.intid(), asserted);
        }
    }

    /** {@return the lock, held; it is held around what changes the input} */
    ReentrantLock acquire(EpochContext context) {
        ReentrantLock held = lock.acquire(context);
        while (held == null) {
            // The controller that hung in it is gone by now.
            held = lock.acquire(context);
        }
        return held;
    }

    /** {@return whether a lock from {@link #acquire} still is the input's} */
    boolean isHeldWith(ReentrantLock held) {
        return held == lock.current();
    }

    /** The controller hangs: whoever waits for its answer to another change goes on. */
    void breakLock() {
        lock.breakOpen();
    }

    /** {@return whether the level of the input changed; the caller holds the lock} */
    boolean drive(TransactionContext context, boolean asserted) {
        boolean before = asserting > 0;
        asserting += asserted ? 1 : -1;
        boolean now = asserting > 0;
        if (now == before) {
            return false;
        }
        InterruptController controller = controllers.get();
        if (controller == null) {
            rose |= now;
        } else {
            delivered = now;
            tell(controller, context, now);
        }
        return true;
    }

    /** Forgets that the level rose while no controller was there. */
    void forgetEdge(EpochContext context) {
        ReentrantLock held = acquire(context);
        try {
            rose = false;
        } finally {
            held.unlock();
        }
    }

    /** Tells a controller that is back what happened meanwhile: edges as one edge, then the level. */
    void catchUp(EpochContext context, InterruptController controller) {
        ReentrantLock held = acquire(context);
        try {
            catchUp(context, controller, held);
        } finally {
            held.unlock();
        }
    }

    private void catchUp(EpochContext context, InterruptController controller, ReentrantLock held) {
        boolean now = asserting > 0;
        if (rose && delivered) {
            tell(controller, context, false);
            delivered = false;
        }
        if (rose && !now) {
            tell(controller, context, true);
            tell(controller, context, false);
        } else if (now || delivered) {
            // A newcomer without restored state has to learn a level that was high all the time.
            tell(controller, context, now);
        }
        if (isHeldWith(held)) {
            delivered = now;
            rose = false;
        }
    }
}
