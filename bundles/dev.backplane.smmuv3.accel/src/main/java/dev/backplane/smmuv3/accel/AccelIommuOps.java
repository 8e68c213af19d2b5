package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.MsiDoorbell;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What the fabric asks of the SMMU. */
final class AccelIommuOps implements PciIommuOps {

    /** Connects devices of the host while the model is realized. */
    interface Connections {
        Optional<String> connect(PciRequester function, AssignedFunction device, HardwareInfo info);

        void disconnect(PciRequester function);
    }

    private final AccelProperties properties;
    private volatile DmaAddressSpace.Translating bridges;
    private volatile Connections connections;

    AccelIommuOps(AccelProperties properties) {
        this.properties = properties;
    }

    void serve(DmaAddressSpace.Translating space, Connections realized) {
        bridges = space;
        connections = realized;
    }

    @Override
    public Optional<String> supportsAddressSpace(PciRequester function) {
        return switch (function.kind()) {
            case BRIDGE, ROOT, ASSIGNED_ENDPOINT -> Optional.empty();
            case EMULATED_ENDPOINT -> Optional.of(("Emulated endpoint devices are not allowed when using "
                    + "arm-smmuv3,accel=on: put %s at %s on a root bus without SMMU or with an emulated one")
                    .formatted(function.deviceType(), function.address()));
            case ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD -> Optional.of(("%s endpoint devices without an iommufd backend "
                    + "are not allowed when using arm-smmuv3,accel=on: set iommufd= of the device at %s")
                    .formatted(function.deviceType(), function.address()));
        };
    }

    /** Hardware translates for assigned devices: for the board their addresses are the system's. */
    @Override
    public DmaAddressSpace addressSpace(PciRequester function) {
        return isAssigned(function)
                ? DmaAddressSpace.SystemBus.DIRECT
                : Objects.requireNonNull(bridges, "the SMMU is not realized");
    }

    private static boolean isAssigned(PciRequester function) {
        return switch (function.kind()) {
            case ASSIGNED_ENDPOINT, ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD -> true;
            case EMULATED_ENDPOINT, BRIDGE, ROOT -> false;
        };
    }

    /** Decided by the properties alone, so that a successor with the same ones wants the same. */
    @Override
    public Set<ViommuFlag> viommuFlags() {
        var flags = EnumSet.of(ViommuFlag.WANT_NESTING_PARENT);
        if (properties.substreamIdBits().orElse(1) != 0) {
            flags.add(ViommuFlag.PASID_SUPPORTED);
        }
        return flags;
    }

    @Override
    public Optional<String> setIommuDevice(PciRequester function, HostIommuDevice device) {
        if (!(device instanceof AssignedFunction assigned)) {
            return Optional.of(("host device %s has no handles of the host's IOMMU: arm-smmuv3,accel=on needs an "
                    + "iommufd backend").formatted(device.hostName()));
        }
        try {
            return connections.connect(function, assigned, assigned.device().hardwareInfo());
        } catch (HostException e) {
            return Optional.of("host device %s tells nothing about an SMMUv3 in front of it: %s"
                    .formatted(device.hostName(), e.getMessage()));
        }
    }

    @Override
    public void unsetIommuDevice(PciRequester function) {
        connections.disconnect(function);
    }

    /** Nobody walks the tables of an assigned device to find its doorbell: the board knows where it is. */
    @Override
    public MsiDoorbell msiDoorbell(PciRequester function) {
        if (!isAssigned(function)) {
            return MsiDoorbell.Translate.TRANSLATE;
        }
        return properties.msiDoorbell() != 0
                ? new MsiDoorbell.Direct(properties.msiDoorbell())
                : new MsiDoorbell.Refuse(("no MSI controller serves root bus %s: give the machine one (msi=its or "
                        + "msi=gicv2m)").formatted(properties.primaryBus()));
    }
}
