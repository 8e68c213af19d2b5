package dev.backplane.pci;

import dev.backplane.memory.DmaAddressSpace;
import java.util.Optional;
import java.util.Set;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The operations by which an IOMMU governs the functions below one PCI root bus. Called concurrently; control
 * operations (all but {@link #addressSpace} and {@link #msiDoorbell}) are called outside transactions.
 */
@ConsumerType
public interface PciIommuOps {

    /** What an IOMMU wants of the host's IOMMU core for an assigned device. */
    enum ViommuFlag {
        /** The stage-2 page table is to be one that nested tables can build on (HWPT NEST_PARENT). */
        WANT_NESTING_PARENT,
        /** The virtual IOMMU supports SubstreamIDs, so a PASID capability may be shown. */
        PASID_SUPPORTED,
        /** The nesting parent is to track dirty pages. */
        WANT_NESTING_DIRTY,
        /** Attaching by PASID is wanted. */
        WANT_PASID_ATTACH
    }

    /**
     * Asked before a function is realized behind this IOMMU.
     *
     * @param function the function
     * @return why it may not be there, with what to do, or empty when it may
     */
    default Optional<String> supportsAddressSpace(PciRequester function) {
        return Optional.empty();
    }

    /**
     * {@return the address space of a function's DMA; the same object as long as this model lives} Asked from when the
     * model is realized: a successor answers before it has the state, as its predecessor's gate is open until then.
     *
     * @param function the function
     */
    DmaAddressSpace addressSpace(PciRequester function);

    /** {@return what is wanted of the host for assigned devices} */
    default Set<ViommuFlag> viommuFlags() {
        return Set.of();
    }

    /**
     * Connects an assigned device. Called for each when it is plugged, and on a successor of this model for each that
     * is there. A function has a requester ID to be known by when software has numbered its bus: behind a port without
     * a number the device is connected and disconnected at once, so that a refusal comes when it is plugged; its DMA is
     * blocked then, and it is connected when the bus has got its number. When software renumbers, it is disconnected
     * under the old address and connected under the new one, inside the transaction that does it: neither of the two
     * waits for a grace period. A successor that serves the same purpose finds the device
     * as its predecessor left it, attached, and keeps it so. Called again with another object of the same host name when
     * the device's own model has a successor.
     *
     * <p>In all other calls the model says where the device's DMA goes, by {@link HostIommuDevice#pass} or {@link
     * HostIommuDevice#block}, or by attaching it if it asked for a nesting parent: until then it goes where it went, so
     * that nothing passes for a moment that is to abort. If it says nothing and asked for no nesting parent, the DMA
     * reaches the guest's memory when this returns.
     *
     * @param function the function
     * @param device the host's side of it
     * @return why it cannot be connected, or empty when it is
     */
    default Optional<String> setIommuDevice(PciRequester function, HostIommuDevice device) {
        return Optional.empty();
    }

    /**
     * Disconnects an assigned device; called only after a successful {@link #setIommuDevice}, which may have been that
     * of a predecessor: if software has renumbered since, this model is to let go of what the slot holds of the host
     * for the device under that address. The device is blocked then.
     *
     * @param function the function under the address that it was connected by
     */
    default void unsetIommuDevice(PciRequester function) {}

    /**
     * {@return how an interrupt route of this function gets its doorbell address}
     *
     * @param function the function
     */
    default MsiDoorbell msiDoorbell(PciRequester function) {
        return MsiDoorbell.Translate.TRANSLATE;
    }
}
