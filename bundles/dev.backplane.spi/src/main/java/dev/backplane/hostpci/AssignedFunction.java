package dev.backplane.hostpci;

import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.pci.HostIommuDevice;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A host device on a board, as an IOMMU gets it that can work with the host's: with the handles of the host. The engine
 * owns them; they outlive the models of the device and of the IOMMU. Thread-safe.
 */
@ProviderType
public interface AssignedFunction extends HostIommuDevice {

    /** {@return the device bound to the board's iommufd} */
    IommufdDevice device();

    /** {@return the page table with the guest's memory: the parent of nested ones when the IOMMU wanted that} */
    Hwpt stage2();
}
