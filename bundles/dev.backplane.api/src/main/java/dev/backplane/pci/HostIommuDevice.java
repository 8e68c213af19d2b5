package dev.backplane.pci;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An assigned device as the host's IOMMU knows it. The platform's own interface extends it; an IOMMU model that works
 * with host devices asks for that.
 */
@ProviderType
public interface HostIommuDevice {

    /** {@return the host's name of the device, for messages} */
    String hostName();
}
