package dev.backplane.core.slot;

import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.pci.PciDevice;
import java.util.Set;

/**
 * Goes through a hand-over with two models that serve nobody, while transactions flow: what a bundle does for the first
 * time takes long, and would else be done behind the closed gate. A model that cannot be without its platform is not
 * rehearsed.
 */
final class Rehearsal {
    private Rehearsal() {}

    /**
     * Rehearses, unless that was done with this offer in this slot.
     *
     * @throws ModelFailure if a callback does not return: it would not behind the gate either
     */
    static void run(
            DeviceSlot slot, Offer offer, SlotDefinition definition, Set<String> givenByUser, ModelThread bundle)
            throws ModelFailure {
        if (slot.isRehearsed(offer)) {
            return;
        }
        try {
            bundle.call("properties", steps -> {
                DeviceProperties properties = Newcomer.properties(slot.host(), offer, definition, givenByUser);
                perform(slot, offer, properties, steps);
                return null;
            });
        } catch (ModelFailure failure) {
            if (failure.isHung()) {
                throw failure;
            }
            // What it shows is shown again when it counts.
        }
    }

    private static void perform(DeviceSlot slot, Offer offer, DeviceProperties properties, ModelThread.Steps steps)
            throws Exception {
        DeviceModel first = realized(slot, offer, properties, steps);
        try {
            for (ResetPhase phase : ResetPhase.values()) {
                steps.next("reset " + phase);
                first.reset(ResetKind.COLD, phase);
            }
            steps.next("resume");
            first.resume();
            steps.next("quiesce");
            first.quiesce();
            steps.next("save");
            SavedState state = first.save();
            DeviceModel second = realized(slot, offer, properties, steps);
            try {
                steps.next("restore");
                second.restore(state);
                steps.next("resume");
                second.resume();
                steps.next("quiesce");
                second.quiesce();
            } finally {
                unrealize(second, steps);
            }
        } finally {
            unrealize(first, steps);
        }
    }

    /** A model is disposed of even when nobody waits for that any more. */
    private static void unrealize(DeviceModel model, ModelThread.Steps steps) {
        try {
            steps.next("unrealize");
        } finally {
            model.unrealize();
        }
    }

    private static DeviceModel realized(
            DeviceSlot slot, Offer offer, DeviceProperties properties, ModelThread.Steps steps)
            throws RealizeException {
        steps.next("create");
        DeviceModel model = offer.factory().create(properties);
        var nowhere = new RehearsalContext(slot, properties, slot.mount().lines());
        steps.next("describe");
        switch (model) {
            case PciDevice function -> {
                function.describe();
                steps.next("realize");
                function.realize(nowhere);
            }
            case PlatformDevice device -> {
                device.describe();
                steps.next("realize");
                device.realize(nowhere);
            }
            default -> throw new RealizeException("it is neither a PCI function nor a platform device");
        }
        return model;
    }
}
