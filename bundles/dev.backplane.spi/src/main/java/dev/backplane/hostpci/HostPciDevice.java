package dev.backplane.hostpci;

import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.irq.EventFd;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * An open host device. It does DMA and raises interrupts on its own; nobody can pause it. Thread-safe.
 */
@ProviderType
public interface HostPciDevice extends AutoCloseable {
    /** Regions 0 to 5 are the BARs. */
    int ROM_REGION = 6;

    /** Region that holds configuration space. */
    int CONFIG_REGION = 7;

    /** Kinds of interrupts (VFIO_PCI_INTX_IRQ_INDEX and so on). */
    enum IrqIndex {
        /** The pin; level, masked by the host when it fires until it is unmasked. */
        INTX,
        /** MSI vectors. */
        MSI,
        /** MSI-X vectors. */
        MSIX
    }

    /**
     * A region of the device (VFIO_DEVICE_GET_REGION_INFO).
     *
     * @param index its number
     * @param size bytes, 0 when the device has none
     * @param readable whether it can be read
     * @param writable whether it can be written
     */
    record Region(int index, long size, boolean readable, boolean writable) {}

    /** {@return the address on the host} */
    String address();

    /**
     * Binds the device to an iommufd (VFIO_DEVICE_BIND_IOMMUFD); without it the device can do nothing.
     *
     * @throws HostException EBUSY or EINVAL when it is bound already
     */
    IommufdDevice bind(Iommufd iommufd) throws HostException;

    /** {@return all regions by index, absent ones with size 0} */
    List<Region> regions();

    /**
     * Reads a region.
     *
     * @param region its number
     * @param offset offset in it, aligned to {@code size}
     * @param size 1, 2, 4 or 8 bytes
     * @return the data; all ones where the device does not answer
     */
    long read(int region, long offset, int size);

    /** Writes a region; parameters as for {@link #read}. */
    void write(int region, long offset, int size, long value);

    /** {@return how many interrupts of a kind the device has (VFIO_DEVICE_GET_IRQ_INFO)} */
    int interrupts(IrqIndex index);

    /**
     * Says which event each interrupt fires (VFIO_DEVICE_SET_IRQS with DATA_EVENTFD and ACTION_TRIGGER); the first one
     * of a kind enables it on the device.
     *
     * @param index kind
     * @param first number of the first interrupt
     * @param triggers what fires, null for one that is to fire nothing
     * @throws HostException EINVAL when the device has no such interrupts
     */
    void setTriggers(IrqIndex index, int first, List<EventFd> triggers) throws HostException;

    /**
     * Disables a kind of interrupts (VFIO_DEVICE_SET_IRQS with count 0).
     *
     * @throws HostException if the host refuses
     */
    void disable(IrqIndex index) throws HostException;

    /** Masks or unmasks the pin; unmasked with its level high it fires again. */
    void maskPin(boolean masked);

    /**
     * Resets the function (VFIO_DEVICE_RESET).
     *
     * @throws HostException ENOTTY when the device has no reset
     */
    void reset() throws HostException;

    /** Closes the device: resets it, disables its interrupts and unbinds it. */
    @Override
    void close();
}
