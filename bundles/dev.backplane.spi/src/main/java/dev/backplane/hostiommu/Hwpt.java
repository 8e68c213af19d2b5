package dev.backplane.hostiommu;

import org.osgi.annotation.versioning.ProviderType;

/** A hardware page table (HWPT): one that the host fills from an {@link Ioas}, or a nested one of a guest. */
@ProviderType
public non-sealed interface Hwpt extends PageTable {

    /** {@return whether nested page tables can be built on it (IOMMU_HWPT_ALLOC_NEST_PARENT)} */
    boolean isNestingParent();
}
