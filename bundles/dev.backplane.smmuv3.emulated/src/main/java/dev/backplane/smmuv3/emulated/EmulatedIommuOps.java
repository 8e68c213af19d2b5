package dev.backplane.smmuv3.emulated;

import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.Objects;
import java.util.Optional;

/**
 * What the fabric asks of the SMMU. All functions share one address space object: it finds the stream by the requester
 * ID that a transaction carries, aliases included.
 */
final class EmulatedIommuOps implements PciIommuOps {
    private volatile DmaAddressSpace.Translating translator;

    void serve(DmaAddressSpace.Translating realized) {
        translator = realized;
    }

    @Override
    public Optional<String> supportsAddressSpace(PciRequester function) {
        return switch (function.kind()) {
            case ASSIGNED_ENDPOINT, ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD ->
                Optional.of(refusal("assigned device " + function.address()));
            case EMULATED_ENDPOINT, BRIDGE, ROOT -> Optional.empty();
        };
    }

    @Override
    public DmaAddressSpace addressSpace(PciRequester function) {
        return Objects.requireNonNull(translator, "the SMMU is not realized");
    }

    @Override
    public Optional<String> setIommuDevice(PciRequester function, HostIommuDevice device) {
        return Optional.of(refusal("host device " + device.hostName()));
    }

    /** DMA of a host device does not pass through software, so nothing here could translate it. */
    private static String refusal(String device) {
        return device
                + " cannot be behind an emulated SMMUv3: put it behind an accelerated one, or on a bus without SMMU";
    }
}
