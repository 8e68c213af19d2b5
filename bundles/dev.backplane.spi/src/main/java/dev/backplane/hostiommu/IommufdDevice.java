package dev.backplane.hostiommu;

import org.osgi.annotation.versioning.ProviderType;

/**
 * A host device bound to an iommufd (VFIO_DEVICE_BIND_IOMMUFD). Closing it detaches and unbinds the device; its vDEVICE
 * must be gone before.
 */
@ProviderType
public interface IommufdDevice extends HostObject {

    /** {@return the host's name of the device, for example {@code 0000:01:00.0}} */
    String hostName();

    /**
     * {@return what is known about the SMMU in front of the device (IOMMU_GET_HW_INFO)}
     *
     * @throws HostException EOPNOTSUPP when there is no SMMUv3 in front of it
     */
    HardwareInfo hardwareInfo() throws HostException;

    /**
     * Allocates a page table that the host fills from an address space (IOMMU_HWPT_ALLOC on an IOAS).
     *
     * @param ioas the address space
     * @param nestingParent whether nested tables are to build on it: it becomes a stage-2 table
     * @throws HostException EOPNOTSUPP when the SMMU cannot nest, ENOMEM
     */
    Hwpt allocateHwpt(Ioas ioas, boolean nestingParent) throws HostException;

    /**
     * Allocates a virtual IOMMU of type ARM_SMMUV3 (IOMMU_VIOMMU_ALLOC): a slice of the SMMU in front of the device.
     *
     * @param parent nesting parent, the guest's stage 2
     * @throws HostException EINVAL when the table is no nesting parent, EOPNOTSUPP when the SMMU cannot nest (no S2FWB
     *     and no CANWBS, or the device has more than one StreamID), ENOMEM
     */
    Viommu allocateViommu(Hwpt parent) throws HostException;

    /**
     * Attaches the device (VFIO_DEVICE_ATTACH_IOMMUFD_PT). Where it is attached already the table is replaced without a
     * moment in which neither counts.
     *
     * @param table where its DMA goes
     * @throws HostException EINVAL when the table does not go with the device's SMMU, EIO when the STE is illegal on
     *     this hardware, ENOENT when a translating nested table needs a vDEVICE first; the old attachment stays then
     */
    void attach(PageTable table) throws HostException;

    /**
     * Detaches the device; its DMA aborts (VFIO_DEVICE_DETACH_IOMMUFD_PT).
     *
     * @throws HostException if the host refuses
     */
    void detach() throws HostException;

    /**
     * Attaches one PASID of the device, replacing what it was attached to.
     *
     * @param pasid 1 to 2<sup>20</sup>-1
     * @param table where its DMA goes
     * @throws HostException EOPNOTSUPP when the device or its SMMU has no such PASID, or as {@link #attach(PageTable)}
     */
    void attach(int pasid, PageTable table) throws HostException;

    /**
     * Detaches one PASID.
     *
     * @throws HostException if the host refuses
     */
    void detach(int pasid) throws HostException;
}
