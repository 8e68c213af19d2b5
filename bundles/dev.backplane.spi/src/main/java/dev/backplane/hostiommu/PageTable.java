package dev.backplane.hostiommu;

/**
 * What a device can be attached to: an {@link Ioas}, for which the host finds or makes a page table, or a {@link Hwpt}.
 */
public sealed interface PageTable extends HostObject permits Ioas, Hwpt {}
