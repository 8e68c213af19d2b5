package dev.backplane.core.irq;

import dev.backplane.irq.InterruptController;
import dev.backplane.memory.TransactionContext;
import java.util.function.Supplier;

/**
 * One input of an interrupt controller: the OR of the lines wired to it, and what happened to it while nobody was there
 * to take it. Its monitor keeps changes in order; controllers call nothing that could wait for it.
 */
final class Input {
    private final int intid;
    private final Supplier<InterruptController> controllers;
    private int asserting;
    private boolean delivered;
    private boolean rose;

    /**
     * Makes an input that is not asserted.
     *
     * @param controllers gives the controller that takes it now, or null; asked under the monitor, so that a change is
     *     either delivered or seen by {@link #catchUp}
     */
    Input(int intid, Supplier<InterruptController> controllers) {
        this.intid = intid;
        this.controllers = controllers;
    }

    /** {@return whether the level of the input changed} */
    synchronized boolean drive(TransactionContext context, boolean asserted) {
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
            controller.setInput(context, intid, now);
        }
        return true;
    }

    /** Tells a controller that is back what happened meanwhile: edges as one edge, then the level. */
    synchronized void catchUp(TransactionContext context, InterruptController controller) {
        boolean now = asserting > 0;
        if (rose && delivered) {
            controller.setInput(context, intid, false);
            delivered = false;
        }
        if (rose && !now) {
            controller.setInput(context, intid, true);
            controller.setInput(context, intid, false);
        } else if (now || delivered) {
            // A newcomer without restored state has to learn a level that was high all the time.
            controller.setInput(context, intid, now);
        }
        delivered = now;
        rose = false;
    }
}
