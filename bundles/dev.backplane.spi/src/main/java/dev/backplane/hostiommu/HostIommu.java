package dev.backplane.hostiommu;

import dev.backplane.inspect.InspectNode;
import org.osgi.annotation.versioning.ProviderType;

/** The host's IOMMU subsystem ({@code /dev/iommu}); an OSGi service. Thread-safe. */
@ProviderType
public interface HostIommu {

    /** {@return the host's name, for messages and tables} */
    String name();

    /**
     * Opens {@code /dev/iommu}.
     *
     * @throws HostException if the host refuses
     */
    Iommufd open() throws HostException;

    /** {@return every open iommufd with its objects, each with its id, type, parent and users} */
    InspectNode inspect();
}
