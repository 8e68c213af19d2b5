package dev.backplane.core.slot;

import dev.backplane.board.Slot.State;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.MachineDone;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;

/**
 * The procedures that put models into slots. Called on the board's executor, one at a time; the code of bundles runs on
 * threads of its own, with deadlines. A procedure completes, or it leaves the slot as it was and says why.
 */
public final class SlotEngine {
    private final String board;
    private final boolean rehearses;

    /**
     * Makes the engine of a board.
     *
     * @param board its name
     * @param rehearses whether hand-overs are rehearsed, so that gates are closed shorter
     */
    public SlotEngine(String board, boolean rehearses) {
        this.board = board;
        this.rehearses = rehearses;
    }

    /** Rehearses a hand-over; if the successor, which is realized, does not return from that, it is disposed of. */
    private void rehearse(
            DeviceSlot slot,
            Occupant next,
            SlotDefinition definition,
            Set<String> givenByUser,
            ModelThread bundle,
            Deadline deadline)
            throws ModelFailure {
        Occupant old = slot.occupant();
        if (!rehearses || old == null || !deadline.isLeisurely()) {
            return;
        }
        boolean done = false;
        try {
            Rehearsal.run(
                    new Rehearsal(slot, old.offer(), slot.definition(), slot.userProperties()),
                    new Rehearsal(slot, next.offer(), definition, givenByUser),
                    bundle);
            done = true;
        } finally {
            if (!done) {
                Newcomer.discard(slot, next, bundle);
            }
        }
    }

    private ModelThread thread(DeviceSlot slot, Deadline deadline) {
        return new ModelThread(board + "-" + slot.name(), deadline);
    }

    /**
     * Brings the best offer that can serve to work, unless the best that is there does already.
     *
     * @param slot the slot
     * @param offers all offers
     * @param deadline for calls into bundles
     */
    public void settle(DeviceSlot slot, List<Offer> offers, Deadline deadline) {
        for (Offer candidate : slot.candidates(offers)) {
            Occupant now = slot.occupant();
            if (now != null && now.offer().serviceId() == candidate.serviceId()) {
                return;
            }
            if (!slot.hasRefused(candidate)) {
                try {
                    take(slot, candidate, deadline);
                    return;
                } catch (ModelFailure failure) {
                    if (failure.isOfPredecessor()) {
                        return;
                    }
                    // Remembered and reported; the next best has its turn.
                }
            }
        }
    }

    /**
     * Brings an offer to work in a slot, in whatever state that is.
     *
     * @throws ModelFailure if the offer cannot serve; that is remembered until it changes. If the model that serves
     *     cannot be left, that is remembered as long as it serves
     */
    public void take(DeviceSlot slot, Offer offer, Deadline deadline) throws ModelFailure {
        slot.visit(offer);
        try (ModelThread bundle = thread(slot, deadline)) {
            Occupant next = Newcomer.realize(slot, offer, bundle);
            rehearse(slot, next, slot.definition(), slot.userProperties(), bundle, deadline);
            if (slot.occupant() != null) {
                HandOver.run(slot, next, bundle, deadline);
            } else {
                start(slot, next, bundle, () -> Newcomer.realize(slot, offer, bundle));
            }
        } catch (ModelFailure failure) {
            if (failure.isOfPredecessor()) {
                slot.postpone(offer, failure.getMessage());
            } else {
                slot.refuse(offer, failure.getMessage());
            }
            throw failure;
        }
    }

    /**
     * Gives a slot another definition: the best offer that is there for it takes over.
     *
     * @param slot the slot
     * @param next its definition from then on
     * @param givenByUser names of the properties that a user gave
     * @param candidates offers that are there for it, best first
     * @param deadline for calls into bundles
     * @throws ModelFailure if none can take over, the model that serves refuses to be left, or none serves that could
     *     let go of what the slot holds of the host; the slot is as it was
     */
    public void swap(
            DeviceSlot slot, SlotDefinition next, Set<String> givenByUser, List<Offer> candidates, Deadline deadline)
            throws ModelFailure {
        requireSomebodyToLetGo(slot);
        ModelFailure first = null;
        for (Offer offer : candidates) {
            slot.visit(offer);
            try (ModelThread bundle = thread(slot, deadline)) {
                Occupant successor = Newcomer.realize(slot, offer, next, givenByUser, bundle);
                rehearse(slot, successor, next, givenByUser, bundle, deadline);
                if (slot.occupant() != null) {
                    HandOver.swap(slot, successor, bundle, deadline);
                } else {
                    start(slot, successor, bundle, () -> Newcomer.realize(slot, offer, next, givenByUser, bundle));
                }
                slot.redefine(next, givenByUser);
                return;
            } catch (ModelFailure failure) {
                slot.note("SWAP_REFUSED", "%s: %s".formatted(offer.provider(), failure.getMessage()));
                first = first == null ? failure : first;
            }
        }
        throw first;
    }

    /** What a model holds of the host only one like it can let go of, and only a model that serves can be asked. */
    private static void requireSomebodyToLetGo(DeviceSlot slot) throws ModelFailure {
        List<String> held = slot.leases().names();
        if (slot.occupant() == null && !held.isEmpty()) {
            throw ModelFailure.of(("its model is away, and the host may be at work for it with what the slot holds "
                            + "(%s), which no other implementation can let go of: start its bundle first, then swap")
                    .formatted(String.join(", ", held)));
        }
    }

    /** Makes a model anew. */
    private interface Realization {
        Occupant realize() throws ModelFailure;
    }

    /** As below; a model that cannot take over the state of a device that was reset begins without. */
    private static void start(DeviceSlot slot, Occupant next, ModelThread bundle, Realization another)
            throws ModelFailure {
        SavedState saved = slot.saved();
        try {
            start(slot, next, bundle);
        } catch (ModelFailure failure) {
            if (saved == null || slot.saved() != null) {
                throw failure;
            }
            start(slot, another.realize(), bundle);
        }
    }

    /**
     * A model takes over a slot where nobody is: from the kept state if there is one, else from reset. If the device
     * was reset meanwhile, the state only says what the slot holds of the host: the model passes that reset at once.
     */
    private static void start(DeviceSlot slot, Occupant next, ModelThread bundle) throws ModelFailure {
        long began = System.nanoTime();
        ResetKind missed = slot.missedReset();
        SavedState saved = slot.saved();
        boolean resumes = saved != null && missed == null;
        Optional<SlotEvents.SlotEvent> event = SlotEvents.arrival(resumes);
        State before = slot.state();
        var takenOver = new AtomicBoolean(saved == null);
        slot.gate().parkForAnother();
        AtomicReference<String> failedMeanwhile = watchGate(slot);
        try {
            bundle.call(saved == null ? "reset" : "restore", steps -> {
                if (saved != null) {
                    next.model().restore(saved);
                    takenOver.set(true);
                    steps.next("reset");
                }
                if (!resumes) {
                    if (missed == null) {
                        slot.mount().reset(ResetKind.COLD);
                    }
                    reset(next.model(), saved == null ? ResetKind.COLD : missed);
                }
                steps.next("resume");
                slot.mount().serve(next.blueprint());
                next.model().resume();
                slot.capabilities().serve(next.model(), steps);
                if (saved == null && slot.isMachineDone() && next.model() instanceof MachineDone waiting) {
                    // What a predecessor had settled went with its state.
                    steps.next("machine done");
                    waiting.machineDone();
                }
                requireHealthy(failedMeanwhile);
                return null;
            });
        } catch (ModelFailure failure) {
            if (before == State.FAILED) {
                slot.gate().fail(failure.getMessage());
            } else {
                slot.gate().parkForAnother();
            }
            slot.capabilities().park();
            Departure.drain(List.of(slot), bundle);
            slot.mount().vacate();
            Newcomer.discard(slot, next, bundle);
            slot.capabilities().unpublish();
            if (missed != null && !takenOver.get()) {
                slot.loseState("%s: %s".formatted(next.offer().provider(), failure.getMessage()));
            }
            throw failure;
        }
        listenToGate(slot, next);
        slot.occupy(next);
        slot.gate().open();
        next.context().deviceClock().gateOpened();
        slot.capabilities().publish();
        event.ifPresent(arrival -> arrival.commit(slot, next.offer().provider()));
        slot.note(
                resumes ? "RESUMED" : "REALIZED",
                next.offer().provider(),
                Duration.ofNanos(System.nanoTime() - began));
    }

    private static void reset(DeviceModel model, ResetKind kind) {
        for (ResetPhase phase : ResetPhase.values()) {
            model.reset(kind, phase);
        }
    }

    /** {@return where the reason appears if the gate fails while a model is put in} */
    static AtomicReference<String> watchGate(DeviceSlot slot) {
        var failedMeanwhile = new AtomicReference<String>();
        slot.gate().onFailure(failedMeanwhile::set);
        return failedMeanwhile;
    }

    static void requireHealthy(AtomicReference<String> failedMeanwhile) throws ModelFailure {
        if (failedMeanwhile.get() != null) {
            throw ModelFailure.of(failedMeanwhile.get());
        }
    }

    /** From now on a failing gate is this model's failure; it is if the gate has failed just before. */
    static void listenToGate(DeviceSlot slot, Occupant serving) {
        // The gate keeps the listener: it must not hold the model.
        long stamp = serving.offer().stamp();
        String provider = serving.offer().provider();
        Consumer<String> listener =
                reason -> slot.host().post(() -> Departure.failed(slot, stamp, provider, reason));
        slot.gate().onFailure(listener);
        if (slot.gate().state() == DeviceGate.State.FAILED) {
            listener.accept(slot.gate().failure());
        }
    }

    /**
     * Tells a slot's model that all devices of the machine are there, unless one in the slot knows it.
     *
     * @param slot the slot
     * @param deadline for calls into bundles
     * @return false when it cannot work like that; the slot has failed then and says why
     */
    public boolean machineDone(DeviceSlot slot, Deadline deadline) {
        Occupant now = slot.occupant();
        if (now == null || slot.isMachineDone()) {
            return true;
        }
        if (now.model() instanceof MachineDone waiting) {
            try (ModelThread bundle = thread(slot, deadline)) {
                bundle.run("machine done", waiting::machineDone);
            } catch (ModelFailure failure) {
                Departure.failed(slot, now.offer().stamp(), now.offer().provider(), failure.getMessage());
                return false;
            }
        }
        slot.machineIsDone();
        return true;
    }

    /**
     * Disposes of a slot's model, if any, and of the slot's place on the board.
     *
     * @param slot the slot
     * @param deadline for calls into bundles
     */
    public void remove(DeviceSlot slot, Deadline deadline) {
        Departure.park(board, List.of(slot), deadline, "the device is removed", false);
        slot.gate().shut();
        if (slot.capabilities() != null) {
            slot.capabilities().remove();
        }
        try (ModelThread waiting = thread(slot, deadline)) {
            slot.closeLeases(Set.of(), waiting);
            if (slot.mount() != null) {
                slot.mount().remove();
                Departure.drain(List.of(slot), waiting);
            }
        }
        slot.note("REMOVED", "");
    }

    /**
     * Parks slots as one set: all gates close before the first state is saved.
     *
     * @param slots initiators before their targets
     * @param deadline for calls into bundles, all together
     * @param reason why
     */
    public void park(List<DeviceSlot> slots, Deadline deadline, String reason) {
        Departure.park(board, slots, deadline, reason, true);
    }

    /**
     * Resets devices: all that run through one phase before any enters the next, behind closed gates; those whose
     * model is away as far as the board keeps them, the rest when the next model comes.
     *
     * @param slots initiators before their targets
     * @param kind how far it reaches
     * @param configuration whether configuration space is to be reset too; a reset that software starts there has
     *     done it
     * @param deadline for calls into bundles
     */
    public void reset(List<DeviceSlot> slots, ResetKind kind, boolean configuration, Deadline deadline) {
        try (ModelThread bundle = new ModelThread(board + "-reset", deadline)) {
            new DeviceReset(slots, kind, configuration, bundle).run();
        }
    }
}
