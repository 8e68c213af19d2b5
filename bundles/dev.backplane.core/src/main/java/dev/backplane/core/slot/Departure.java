package dev.backplane.core.slot;

import dev.backplane.board.Slot.State;
import dev.backplane.device.SavedState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Models leave their slots: because their bundle goes, or because they failed. */
final class Departure {
    /** How long users of a model that has failed may keep it. */
    private static final Duration USERS = Duration.ofMillis(500);

    private Departure() {}

    /**
     * Closes slots as one set.
     *
     * @param keep whether their state is kept for successors
     */
    static void park(String board, List<DeviceSlot> slots, Deadline deadline, String reason, boolean keep) {
        List<DeviceSlot> leaving =
                slots.stream().filter(slot -> slot.occupant() != null).toList();
        if (leaving.isEmpty()) {
            return;
        }
        List<DeviceSlot> locked = new ArrayList<>();
        long began = System.nanoTime();
        try (ModelThread bundle = new ModelThread(board + "-park", deadline)) {
            for (DeviceSlot slot : leaving) {
                if (slot.lockUsersOut(deadline)) {
                    locked.add(slot);
                } else {
                    slot.note("USED_WHILE_LEAVING", "a command on the device has not returned");
                }
                quiesce(slot, bundle);
                slot.gate().parkForAnother();
            }
            leaving.forEach(slot -> slot.capabilities().park());
            drain(leaving, bundle);
            for (DeviceSlot slot : leaving) {
                leave(slot, bundle, reason, keep, began);
            }
        } finally {
            locked.forEach(DeviceSlot::letUsersIn);
        }
    }

    private static void quiesce(DeviceSlot slot, ModelThread bundle) {
        Occupant now = slot.occupant();
        try {
            bundle.run("quiesce", now.model()::quiesce);
        } catch (ModelFailure failure) {
            slot.note("QUIESCE_FAILED", failure.getMessage());
        }
    }

    /** Waits until no transaction is in a callback of a model whose gate is closed. */
    static void drain(List<DeviceSlot> closed, ModelThread bundle) {
        try {
            bundle.run("drain (a transaction has not ended)", closed.getFirst().host().epochs()::drain);
        } catch (ModelFailure failure) {
            closed.forEach(slot -> slot.note("DRAIN_FAILED", failure.getMessage()));
        }
    }

    /**
     * One of a set of slots loses its model.
     *
     * @param began when the first of the set began to close
     */
    private static void leave(DeviceSlot slot, ModelThread bundle, String reason, boolean keep, long began) {
        var event = new SlotEvents.Park();
        event.begin();
        Occupant gone = slot.occupant();
        SavedState state = keep ? save(slot, gone, bundle) : null;
        if (!keep) {
            leaving(slot, bundle);
        }
        slot.mount().vacate();
        slot.capabilities().unpublish();
        slot.vacate(State.PARKED, state, reason);
        Newcomer.discard(slot, gone, bundle);
        if (keep) {
            event.commit(slot, reason);
            slot.note("PARKED", reason, Duration.ofNanos(System.nanoTime() - began));
        }
    }

    private static void leaving(DeviceSlot slot, ModelThread bundle) {
        try {
            bundle.run("leave the functions", slot.capabilities()::leaving);
        } catch (ModelFailure failure) {
            slot.note("LEAVING_FAILED", failure.getMessage());
        }
    }

    private static SavedState save(DeviceSlot slot, Occupant gone, ModelThread bundle) {
        try {
            return bundle.call("save", steps -> HandOver.saved(gone));
        } catch (ModelFailure failure) {
            slot.note("STATE_LOST", failure.getMessage() + ": the next device starts from reset");
            return null;
        }
    }

    /** The gate of a slot failed, because of the model with this offer: takes it out. */
    static void failed(DeviceSlot slot, long stamp, String provider, String reason) {
        Occupant gone = slot.occupant();
        if (gone == null || gone.offer().stamp() != stamp) {
            return;
        }
        var event = new SlotEvents.Failure();
        event.begin();
        slot.gate().onFailure(again -> {});
        slot.gate().fail(reason);
        slot.refuse(gone.offer(), reason);
        slot.note("FAILED", reason);
        slot.capabilities().park();
        slot.vacate(State.FAILED, null, "%s failed: %s".formatted(provider, reason));
        Deadline deadline = Deadline.total(Duration.ofMillis(500), Deadline.DEPARTURE);
        if (!slot.lockUsersOut(Deadline.each(USERS))) {
            slot.note("USED_WHILE_LEAVING", "a command on the device has not returned");
        }
        try (ModelThread bundle = new ModelThread(slot.host().board() + "-failed", deadline)) {
            drain(List.of(slot), bundle);
            slot.mount().vacate();
            slot.capabilities().unpublish();
            Newcomer.discard(slot, gone, bundle);
        } finally {
            slot.letUsersIn();
        }
        event.commit(slot, "%s: %s".formatted(provider, reason));
    }
}
