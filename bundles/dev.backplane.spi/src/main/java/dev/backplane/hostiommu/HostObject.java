package dev.backplane.hostiommu;

import org.osgi.annotation.versioning.ProviderType;

/**
 * An object of an iommufd. Its handle belongs to whoever allocated it until {@link #close}. Thread-safe, as are all
 * objects of this package.
 */
@ProviderType
public interface HostObject extends AutoCloseable {

    /** {@return the object's ID in its iommufd, from 1} */
    int id();

    /**
     * Destroys the object (IOMMU_DESTROY). Destroying it again does nothing.
     *
     * @throws HostException EBUSY while another object or an attached device uses it; it stays as it is then
     */
    @Override
    void close() throws HostException;
}
