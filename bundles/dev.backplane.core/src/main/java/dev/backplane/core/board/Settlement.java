package dev.backplane.core.board;

import dev.backplane.board.Cause;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot.State;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.Offer;
import dev.backplane.core.slot.SlotEngine;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Brings the best of all offers to work in the slots of a board: in definition order until the board has been complete
 * once, each by itself from then on. Its changes run on the board's executor, everybody may ask and wait.
 */
final class Settlement {
    private final Composition composition;
    private final Backbone backbone;
    private final SlotTable slots;
    private final SlotEngine engine;
    private final Supplier<List<Offer>> offers;
    private final Diagnosis diagnosis;
    private final Limits limits;
    private final Object completion = new Object();
    private volatile boolean composed;

    Settlement(
            Composition composition,
            Backbone backbone,
            SlotTable slots,
            SlotEngine engine,
            Supplier<List<Offer>> offers,
            Diagnosis diagnosis,
            Limits limits) {
        this.composition = composition;
        this.backbone = backbone;
        this.slots = slots;
        this.engine = engine;
        this.offers = offers;
        this.diagnosis = diagnosis;
        this.limits = limits;
    }

    /** Settles all slots, as far as offers and the accelerator are there. */
    void settle() {
        boolean ready = composition
                .machine()
                .filter(machine -> backbone.accelerate(machine.accelerator()))
                .isPresent();
        if (!ready) {
            return;
        }
        List<Offer> now = offers.get();
        for (DeviceSlot slot : slots.all()) {
            slot.keepRefusalsOf(now);
            engine.settle(slot, now, limits.forCallbacks());
            if (!composed && slot.state() == State.EMPTY) {
                break;
            }
        }
        if (composed || composition.allRunning()) {
            boolean done = true;
            for (DeviceSlot slot : slots.all()) {
                done &= engine.machineDone(slot, limits.forCallbacks());
            }
            composed |= done;
        }
        synchronized (completion) {
            completion.notifyAll();
        }
    }

    /**
     * Brings the first offer that can serve to work in a slot that was added.
     *
     * @throws PlugException if none is there or none can; the slot is not put away
     */
    void fill(DeviceSlot slot) throws PlugException {
        List<Offer> now = offers.get();
        List<Offer> candidates = slot.candidates(now);
        if (candidates.isEmpty()) {
            Cause cause = diagnosis.ofSlot(slot, now).getFirst();
            throw new PlugException("%s: %s; known types: %s".formatted(
                    cause.reason(),
                    cause.remedy(),
                    String.join(", ", now.stream().map(Offer::type).distinct().sorted().toList())));
        }
        ModelFailure first = null;
        for (Offer candidate : candidates) {
            try {
                engine.take(slot, candidate, limits.forCallbacks());
                if (composed && !engine.machineDone(slot, limits.forCallbacks())) {
                    throw ModelFailure.of(slot.trouble());
                }
                return;
            } catch (ModelFailure failure) {
                first = first == null ? failure : first;
            }
        }
        throw new PlugException(first.getMessage());
    }

    /** {@return whether the board works as defined, and every device knows that all are there} */
    boolean isComplete() {
        return composed && composition.allRunning();
    }

    /** Waits until the board is complete; {@return false if it is not by then} */
    boolean awaitComplete(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        synchronized (completion) {
            while (!isComplete()) {
                long left = end - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                TimeUnit.NANOSECONDS.timedWait(completion, left);
            }
            return true;
        }
    }
}
