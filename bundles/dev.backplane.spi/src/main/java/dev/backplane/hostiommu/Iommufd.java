package dev.backplane.hostiommu;

import org.osgi.annotation.versioning.ProviderType;

/** An open {@code /dev/iommu}: the owner of I/O address spaces and of what is built on them. Thread-safe. */
@ProviderType
public interface Iommufd extends AutoCloseable {

    /**
     * Allocates an empty I/O address space (IOMMU_IOAS_ALLOC).
     *
     * @throws HostException ENOMEM
     */
    Ioas allocateIoas() throws HostException;

    /** Closes the file: destroys every object that is left, children first. Devices must have been closed before. */
    @Override
    void close();
}
