package dev.backplane.core.pci;

/** A root bus: that of the host bridge, or of an expander. Guarded by the lock of its segment. */
final class PciRootBus extends PciBus {
    private final int number;
    private final boolean bypassesIommu;
    private final PciFunction expander;
    private IommuBinding iommu;

    /**
     * Makes one.
     *
     * @param expander the expander that provides it, or null for the host bridge's
     */
    PciRootBus(String name, int number, boolean bypassesIommu, PciFunction expander) {
        super(name);
        this.number = number;
        this.bypassesIommu = bypassesIommu;
        this.expander = expander;
    }

    @Override
    int number() {
        return number;
    }

    @Override
    PciRootBus root() {
        return this;
    }

    @Override
    int devices() {
        return 32;
    }

    @Override
    boolean isAccessible() {
        return true;
    }

    boolean bypassesIommu() {
        return bypassesIommu;
    }

    PciFunction expander() {
        return expander;
    }

    /** {@return the IOMMU that governs it, or null} */
    IommuBinding iommu() {
        return iommu;
    }

    void iommu(IommuBinding binding) {
        iommu = binding;
    }
}
