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
            bundle.call("rehearse a hand-over", steps -> {
                DeviceProperties properties = Newcomer.properties(slot.host(), offer, definition, givenByUser);
                perform(slot, offer, properties);
                return null;
            });
        } catch (ModelFailure failure) {
            if (failure.isHung()) {
                throw failure;
            }
            // What it shows is shown again when it counts.
        }
    }

    private static void perform(DeviceSlot slot, Offer offer, DeviceProperties properties) throws Exception {
        DeviceModel first = realized(slot, offer, properties);
        try {
            for (ResetPhase phase : ResetPhase.values()) {
                first.reset(ResetKind.COLD, phase);
            }
            first.resume();
            first.quiesce();
            SavedState state = first.save();
            DeviceModel second = realized(slot, offer, properties);
            try {
                second.restore(state);
                second.resume();
                second.quiesce();
            } finally {
                second.unrealize();
            }
        } finally {
            first.unrealize();
        }
    }

    private static DeviceModel realized(DeviceSlot slot, Offer offer, DeviceProperties properties)
            throws RealizeException {
        DeviceModel model = offer.factory().create(properties);
        var nowhere = new RehearsalContext(slot, properties, slot.mount().lines());
        switch (model) {
            case PciDevice function -> {
                function.describe();
                function.realize(nowhere);
            }
            case PlatformDevice device -> {
                device.describe();
                device.realize(nowhere);
            }
            default -> throw new RealizeException("it is neither a PCI function nor a platform device");
        }
        return model;
    }
}
