package dev.backplane.pci;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An assigned device as the host's IOMMU knows it. The platform's own interface extends it; an IOMMU model that works
 * with the host's page tables asks for that. Made by the engine; outlives the models of the device and of the IOMMU.
 * Thread-safe.
 */
@ProviderType
public interface HostIommuDevice {

    /** {@return the host's name of the device, for messages; the same device has the same name} */
    String hostName();

    /**
     * Lets the device's DMA reach the guest's memory without a translation of the guest, as a bypassing stream does.
     * While the device is unplugged or loses its address, its DMA aborts instead: it may still be under way with
     * addresses that only the guest's tables translate.
     *
     * @return why that cannot be, or empty when it is so
     */
    Optional<String> pass();

    /**
     * Lets all DMA of the device abort.
     *
     * @return why that cannot be, or empty when it is so
     */
    Optional<String> block();
}
