package dev.backplane.pci;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of a model that is an IOMMU of a PCI root bus. Its type declares the link property {@link #PRIMARY_BUS};
 * the engine attaches the operations to that bus.
 */
@ConsumerType
public interface PciIommu {

    /** Name of the link property that names the root bus, for example {@code pcie.0}. */
    String PRIMARY_BUS = "primary-bus";

    /** {@return the operations for the functions below the bus; the same object for the life of the model} */
    PciIommuOps iommuOps();
}
