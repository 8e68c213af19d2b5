package dev.backplane.hostpci;

import dev.backplane.device.RealizeException;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciDeviceContext;
import java.util.Optional;

import org.osgi.annotation.versioning.ProviderType;

/** The door of an assigned device to its board. Thread-safe. */
@ProviderType
public interface AssignedDeviceContext extends PciDeviceContext {

    /**
     * Connects the host device: binds it to an iommufd, gives it a page table with all memory of the guest, and puts it
     * behind the IOMMU that governs the function. All of it is a lease of the slot: a successor that connects the same
     * device finds everything in place. Undone when the function is unplugged.
     *
     * @param device the open device
     * @param iommufd name of the board's iommufd, shared by all devices that name it; {@code ""} for a container of the
     *     device's own
     * @throws RealizeException if the host or the IOMMU refuses; nothing is left behind then
     */
    void connect(HostPciDevice device, String iommufd) throws RealizeException;

    /**
     * Wires the function's pin through the accelerator: the event asserts the pin's interrupt until the guest ends it,
     * and then resample fires (KVM_IRQFD with KVM_IRQFD_FLAG_RESAMPLE).
     *
     * @param resample fires when the guest ended the interrupt
     * @return what the device's pin is to fire, or empty when the board has no accelerator that can do it
     */
    Optional<EventFd> pinTrigger(EventFd resample);
}
