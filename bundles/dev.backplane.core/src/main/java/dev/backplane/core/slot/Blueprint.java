package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciFunctionDescription;

/** What a model declares of itself, taken once. */
sealed interface Blueprint {

    /** Of a device at fixed addresses. */
    record Platform(PlatformDescription description) implements Blueprint {}

    /** Of a PCI function. */
    record Pci(PciFunctionDescription description) implements Blueprint {}

    /** {@return what a model declares; called on a thread for bundles' code} */
    static Blueprint of(DeviceModel model, Placement placement) throws ModelFailure {
        switch (placement) {
            case Placement.Pci _ -> {
                if (model instanceof PciDevice device) {
                    return new Pci(described(device.describe()));
                }
                throw ModelFailure.of("the slot is on a PCI bus, and the model is no PCI function (%s)"
                        .formatted(model.getClass().getName()));
            }
            case Placement.SystemBus _ -> {
                if (model instanceof PlatformDevice device) {
                    return new Platform(described(device.describe()));
                }
                throw ModelFailure.of("the slot is on the system bus, and the model is no platform device (%s)"
                        .formatted(model.getClass().getName()));
            }
        }
    }

    private static <T> T described(T description) throws ModelFailure {
        if (description == null) {
            throw ModelFailure.of("describe answered null: expected a description");
        }
        return description;
    }
}
