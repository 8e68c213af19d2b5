package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciRequester;

/** What a model declares of itself, taken once. */
sealed interface Blueprint {

    /** Of a device at fixed addresses. */
    record Platform(PlatformDescription description) implements Blueprint {}

    /**
     * Of a PCI function.
     *
     * @param assigned the model, when a device of the host stands behind it, else null
     */
    record Pci(PciFunctionDescription description, AssignedDevice assigned) implements Blueprint {

        /** {@return what an IOMMU is told that the function is; null to go by the description} */
        PciRequester.Kind kind() {
            if (assigned == null) {
                return null;
            }
            return assigned.hasIommufd()
                    ? PciRequester.Kind.ASSIGNED_ENDPOINT
                    : PciRequester.Kind.ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD;
        }
    }

    /** {@return what a model declares; called on a thread for bundles' code} */
    static Blueprint of(DeviceModel model, Placement placement) throws ModelFailure {
        switch (placement) {
            case Placement.Pci _ -> {
                if (model instanceof PciDevice device) {
                    return new Pci(
                            described(device.describe()), device instanceof AssignedDevice assigned ? assigned : null);
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
