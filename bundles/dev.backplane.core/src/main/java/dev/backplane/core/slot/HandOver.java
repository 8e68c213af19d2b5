package dev.backplane.core.slot;

import dev.backplane.board.Slot.State;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.pci.IommuBinding;
import dev.backplane.device.SavedState;
import dev.backplane.device.SwapVeto;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** A running model gives its slot to a successor that is realized beside it. */
final class HandOver {
    private HandOver() {}

    /**
     * Hands over. The gate is closed for as long as saving, restoring and resuming take.
     *
     * @param slot the slot
     * @param next the successor, realized
     * @param bundle thread for calls into bundles
     * @param deadline for users of the slot to leave it
     * @throws ModelFailure if a callback fails; the successor is disposed of. Before the switch the old model then
     *     serves again; when the successor cannot even resume, the slot is parked with the state that it was given
     */
    static void run(DeviceSlot slot, Occupant next, ModelThread bundle, Deadline deadline) throws ModelFailure {
        run(slot, next, bundle, deadline, false);
    }

    /** Hands over to another implementation or other property values, if neither side objects. */
    static void swap(DeviceSlot slot, Occupant next, ModelThread bundle, Deadline deadline) throws ModelFailure {
        try {
            bundle.run("ask for objections", () -> requireNoVeto(slot.occupant(), next));
        } catch (ModelFailure refused) {
            Newcomer.discard(slot, next, bundle);
            throw refused;
        }
        run(slot, next, bundle, deadline, true);
    }

    private static void requireNoVeto(Occupant old, Occupant next) throws ModelFailure {
        if (old.model() instanceof SwapVeto veto) {
            refuse(veto.refuseToLeave(next.properties().asMap()));
        }
        if (next.model() instanceof SwapVeto veto) {
            refuse(veto.refuseToEnter(old.properties().asMap()));
        }
    }

    private static void refuse(Optional<String> reason) throws ModelFailure {
        if (reason == null || reason.isPresent()) {
            throw ModelFailure.of(reason == null ? "a model answered null instead of its objection" : reason.get());
        }
    }

    private static void run(DeviceSlot slot, Occupant next, ModelThread bundle, Deadline deadline, boolean isSwap)
            throws ModelFailure {
        Occupant old = slot.occupant();
        Optional<IommuBinding.Ready> ready;
        try {
            ready = bundle.call("prepare to serve", steps -> slot.capabilities().prepare(next.model()));
        } catch (ModelFailure failure) {
            Newcomer.discard(slot, next, bundle);
            throw failure;
        }
        var event = new SlotEvents.HandOver();
        event.begin();
        long began = System.nanoTime();
        if (!slot.lockUsersOut(deadline)) {
            Newcomer.discard(slot, next, bundle);
            throw ModelFailure.of("the slot is in use: a command on the device has not returned")
                    .ofPredecessor(old.offer().provider());
        }
        var course = new Course();
        AtomicReference<String> failedMeanwhile = SlotEngine.watchGate(slot);
        try {
            slot.host().bus().expectHolds();
            bundle.call("quiesce", steps -> {
                change(slot, old, next, ready, steps, course, failedMeanwhile, isSwap);
                steps.next("open");
                SlotEngine.requireHealthy(failedMeanwhile);
                // Here, not on the board's executor: until that is awake the gate would stay closed.
                slot.occupy(next);
                course.opened = slot.gate().open();
                SlotEngine.listenToGate(slot, next);
                return null;
            });
            next.context().deviceClock().gateOpened();
        } catch (ModelFailure failure) {
            if (course.switched) {
                keepState(slot, old, next, course.state, bundle, failure);
            } else {
                goBack(slot, old, bundle);
            }
            Newcomer.discard(slot, next, bundle);
            throw course.saved ? failure : failure.ofPredecessor(old.offer().provider());
        } finally {
            slot.letUsersIn();
        }
        slot.countHandOver(course.opened - course.closed);
        slot.capabilities().publish();
        String providers = "%s to %s".formatted(old.offer().provider(), next.offer().provider());
        event.gateClosed = course.opened - course.closed;
        event.commit(slot, providers);
        slot.note(
                "HANDED_OVER",
                "%s, %s".formatted(providers, course.text()),
                Duration.ofNanos(course.opened - began));
        Newcomer.discard(slot, old, bundle);
    }

    /** How far a hand-over has come. */
    private static final class Course {
        volatile long closed;
        volatile long opened;
        volatile SavedState state;
        volatile boolean saved;
        volatile boolean switched;

        /** When the steps behind the closed gate ended, in their order; numbers, as texts are made behind it slowly. */
        volatile long drained;

        volatile long savedAt;
        volatile long restored;
        volatile long resumed;
        volatile long serving;

        /** {@return how long the gate was closed and what for, as text} */
        String text() {
            return "gate closed for %d µs (drain %d, save %d, restore %d, resume %d, serve %d)".formatted(
                    micros(closed, opened),
                    micros(closed, drained),
                    micros(drained, savedAt),
                    micros(savedAt, restored),
                    micros(restored, resumed),
                    micros(resumed, serving));
        }

        private static long micros(long from, long to) {
            return (to - from) / 1_000;
        }
    }

    private static void change(
            DeviceSlot slot, Occupant old, Occupant next, Optional<IommuBinding.Ready> ready, ModelThread.Steps steps,
            Course course, AtomicReference<String> failedMeanwhile, boolean isSwap) throws Exception {
        old.model().quiesce();
        steps.next("drain (a transaction has not ended)");
        course.closed = System.nanoTime();
        slot.gate().park();
        slot.capabilities().pause();
        slot.host().epochs().drain();
        course.drained = System.nanoTime();
        SlotEngine.requireHealthy(failedMeanwhile);
        if (isSwap) {
            steps.next("ask for objections");
            requireNoVeto(old, next);
        }
        steps.next("save");
        course.state = saved(old);
        course.saved = true;
        course.savedAt = System.nanoTime();
        steps.next("restore");
        next.model().restore(course.state);
        course.restored = System.nanoTime();
        steps.next("resume");
        course.switched = true;
        slot.mount().serve(next.blueprint());
        next.model().resume();
        course.resumed = System.nanoTime();
        slot.capabilities().serve(next.model(), ready, steps);
        course.serving = System.nanoTime();
    }

    /** {@return the state of a quiesced model, never null} */
    static SavedState saved(Occupant from) throws ModelFailure {
        SavedState state = from.model().save();
        if (state == null) {
            throw ModelFailure.of("save answered null: expected a state");
        }
        return state;
    }

    /** Before the switch anything may fail: the old model serves again. */
    private static void goBack(DeviceSlot slot, Occupant old, ModelThread bundle) {
        SlotEngine.listenToGate(slot, old);
        if (slot.gate().state() == DeviceGate.State.FAILED) {
            // It is about to be taken out.
            return;
        }
        slot.gate().park();
        try {
            bundle.call("resume", steps -> {
                old.model().resume();
                slot.capabilities().serve(old.model(), steps);
                return null;
            });
            slot.gate().open();
            old.context().deviceClock().gateOpened();
            slot.capabilities().publish();
        } catch (ModelFailure failure) {
            slot.gate().fail("after a hand-over that failed: " + failure.getMessage());
        }
    }

    /** After the switch the state is in nobody's hands but ours: the next model gets it, perhaps one of the old kind. */
    private static void keepState(
            DeviceSlot slot,
            Occupant old,
            Occupant next,
            SavedState state,
            ModelThread bundle,
            ModelFailure failure) {
        slot.gate().parkForAnother();
        slot.capabilities().park();
        Departure.drain(List.of(slot), bundle);
        slot.mount().vacate();
        slot.capabilities().unpublish();
        slot.vacate(
                State.PARKED, state, "%s: %s".formatted(next.offer().provider(), failure.getMessage()));
        slot.note("PARKED", "a hand-over failed after the switch");
        Newcomer.discard(slot, old, bundle);
    }
}
