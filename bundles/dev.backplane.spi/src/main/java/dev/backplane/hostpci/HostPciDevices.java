package dev.backplane.hostpci;

import dev.backplane.hostiommu.HostException;
import dev.backplane.inspect.InspectNode;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** The host's PCI devices that are given away for assignment; an OSGi service. Thread-safe. */
@ProviderType
public interface HostPciDevices {

    /** {@return their addresses on the host, {@code domain:bus:device.function}, ascending} */
    List<String> addresses();

    /**
     * {@return a device as it is known without opening it, so also while somebody has it open}
     *
     * @param address address on the host, for example {@code 0000:01:00.0}
     * @throws HostException ENODEV when there is none
     */
    HostPciFunction function(String address) throws HostException;

    /**
     * Opens a device (its character device under {@code /dev/vfio/devices}).
     *
     * @param address address on the host, for example {@code 0000:01:00.0}
     * @throws HostException ENODEV when there is none, EBUSY when it is open already
     */
    HostPciDevice open(String address) throws HostException;

    /** {@return each device: address, IDs, StreamID, whether it is open, what it is attached to, its counters} */
    List<InspectNode> inspect();
}
