package dev.backplane.smmuv3.emulated;

import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.Epochs;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.Objects;
import java.util.Optional;

/**
 * What the fabric asks of the SMMU. All functions share one address space object: it finds the stream by the requester
 * ID that a transaction carries, aliases included. Any function may be there; an assigned device works while its stream
 * does not translate, and its doorbell is found as its addresses are then.
 */
final class EmulatedIommuOps implements PciIommuOps {
    private volatile DmaAddressSpace.Translating translator;
    private volatile AssignedDevices assigned;
    private volatile Epochs epochs;

    void serve(DmaAddressSpace.Translating realized, AssignedDevices devices, Epochs grace) {
        translator = realized;
        assigned = devices;
        epochs = grace;
    }

    @Override
    public DmaAddressSpace addressSpace(PciRequester function) {
        return Objects.requireNonNull(translator, "the SMMU is not realized");
    }

    @Override
    public Optional<String> setIommuDevice(PciRequester function, HostIommuDevice device) {
        return assigned.connect(epochs.context(), function, device);
    }

    @Override
    public void unsetIommuDevice(PciRequester function) {
        assigned.disconnect(function);
    }
}
