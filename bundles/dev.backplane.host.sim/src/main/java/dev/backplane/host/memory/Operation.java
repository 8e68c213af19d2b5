package dev.backplane.host.memory;

/** Operations of the host that can fail, by their names in Linux's interfaces. */
public enum Operation {
    /** {@code open("/dev/iommu")}. */
    IOMMU_OPEN,
    /** Allocate an I/O address space. */
    IOMMU_IOAS_ALLOC,
    /** Read which IOVAs may be used. */
    IOMMU_IOAS_IOVA_RANGES,
    /** Map memory. */
    IOMMU_IOAS_MAP,
    /** Unmap memory. */
    IOMMU_IOAS_UNMAP,
    /** Allocate a page table. */
    IOMMU_HWPT_ALLOC,
    /** Read what the SMMU in front of a device has. */
    IOMMU_GET_HW_INFO,
    /** Carry out invalidations. */
    IOMMU_HWPT_INVALIDATE,
    /** Allocate a virtual IOMMU. */
    IOMMU_VIOMMU_ALLOC,
    /** Give a device its StreamID in the guest. */
    IOMMU_VDEVICE_ALLOC,
    /** Allocate an event queue. */
    IOMMU_VEVENTQ_ALLOC,
    /** Destroy an object. */
    IOMMU_DESTROY,
    /** Open a device's character device. */
    VFIO_DEVICE_OPEN,
    /** Bind a device to an iommufd. */
    VFIO_DEVICE_BIND_IOMMUFD,
    /** Attach a device to a page table. */
    VFIO_DEVICE_ATTACH_IOMMUFD_PT,
    /** Detach a device. */
    VFIO_DEVICE_DETACH_IOMMUFD_PT,
    /** Set up interrupts. */
    VFIO_DEVICE_SET_IRQS,
    /** Reset a device. */
    VFIO_DEVICE_RESET,
    /** Take a page of memory for a table or a queue; never by its own, but in the middle of the operations above. */
    ALLOC_PAGE
}
