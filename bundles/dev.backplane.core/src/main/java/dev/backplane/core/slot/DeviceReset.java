package dev.backplane.core.slot;

import dev.backplane.board.Slot.State;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import java.util.List;

/**
 * A reset of some devices. Those that run pass its phases together. Of a device whose model is away, the board resets
 * at once what it keeps: configuration space, the levels of its lines, what waits for the next model, the hardware of
 * an assigned device. Its slot remembers the reset, and the next model makes up for it before it serves. Transactions
 * that are held at a slot stay so, as those that meet a running device in reset do.
 */
final class DeviceReset {
    private final List<DeviceSlot> running;
    private final List<DeviceSlot> unserved;
    private final ResetKind kind;
    private final boolean configuration;
    private final ModelThread bundle;

    /**
     * Makes one.
     *
     * @param slots initiators before their targets
     * @param configuration whether configuration space is not reset yet
     */
    DeviceReset(List<DeviceSlot> slots, ResetKind kind, boolean configuration, ModelThread bundle) {
        running = slots.stream().filter(slot -> slot.state() == State.RUNNING).toList();
        unserved = slots.stream()
                .filter(slot -> slot.occupant() == null && slot.mount() != null)
                .toList();
        this.kind = kind;
        this.configuration = configuration;
        this.bundle = bundle;
    }

    void run() {
        each("quiesce", running, DeviceModel::quiesce);
        running.forEach(slot -> slot.gate().park());
        if (!running.isEmpty()) {
            Departure.drain(running, bundle);
        }
        for (ResetPhase phase : ResetPhase.values()) {
            if (phase == ResetPhase.HOLD) {
                if (configuration) {
                    running.forEach(slot -> slot.mount().reset(kind));
                    unserved.forEach(slot -> slot.mount().reset(kind));
                }
                unserved.forEach(slot -> unserved(slot, () -> slot.mount().resetUnserved()));
            }
            each("reset " + phase, running, model -> model.reset(kind, phase));
        }
        for (DeviceSlot slot : unserved) {
            unserved(slot, () -> slot.capabilities().resetUnserved());
            slot.missReset(kind);
        }
        each("resume", running.reversed(), DeviceModel::resume);
        running.reversed().forEach(this::open);
    }

    private void each(String step, List<DeviceSlot> slots, ModelStep action) {
        for (DeviceSlot slot : slots) {
            Occupant now = slot.occupant();
            if (now != null && slot.gate().state() != DeviceGate.State.FAILED) {
                try {
                    bundle.run(step, () -> action.run(now.model()));
                } catch (ModelFailure failure) {
                    slot.gate().fail(failure.getMessage());
                }
            }
        }
    }

    private void unserved(DeviceSlot slot, ModelThread.Procedure step) {
        try {
            bundle.run("reset without a model", step);
        } catch (ModelFailure failure) {
            slot.note("RESET_FAILED", failure.getMessage());
        }
    }

    private void open(DeviceSlot slot) {
        Occupant now = slot.occupant();
        if (now != null && slot.gate().state() == DeviceGate.State.PARKED) {
            slot.gate().open();
            now.context().deviceClock().gateOpened();
            slot.note("RESET", kind.name());
        }
    }

    /** One control callback of a model. */
    private interface ModelStep {
        void run(DeviceModel model) throws Exception;
    }
}
