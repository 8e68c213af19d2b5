package dev.backplane.host.iommufd;

/** A device's StreamID in a guest. */
final class VdeviceObject extends IommufdObject {
    private final ViommuObject viommu;
    private final BoundDevice device;
    private final int virtualStreamId;

    VdeviceObject(ViommuObject viommu, BoundDevice device, int virtualStreamId) {
        super(viommu.file, "vdevice", viommu, device);
        this.viommu = viommu;
        this.device = device;
        this.virtualStreamId = virtualStreamId;
    }

    int virtualStreamId() {
        return virtualStreamId;
    }

    int physicalStreamId() {
        return device.physical().streamIds().getFirst();
    }

    ViommuObject viommu() {
        return viommu;
    }

    @Override
    void release() {
        viommu.remove(this);
        device.vdevice(null);
    }

    @Override
    String describe() {
        return "StreamID 0x%x is %s, StreamID 0x%x".formatted(
                virtualStreamId, device.hostName(), physicalStreamId());
    }
}
