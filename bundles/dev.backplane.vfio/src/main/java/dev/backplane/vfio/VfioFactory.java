package dev.backplane.vfio;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.hostpci.HostPciFunction;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Makes {@code vfio-pci} devices: PCI devices of the host. It is there when a host is. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + VfioDevice.TYPE)
public final class VfioFactory implements DeviceFactory {
    private final HostPciDevices host;

    /** Made by the framework. */
    @Activate
    public VfioFactory(@Reference HostPciDevices host) {
        this.host = host;
    }

    @Override
    public String type() {
        return VfioDevice.TYPE;
    }

    @Override
    public String description() {
        return "A PCI device of the host, assigned to the board";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(VfioDevice.HOST, PropertyType.STRING, "",
                        "address on the host, domain:bus:device.function; host:list shows what there is"),
                PropertyDescriptor.of(VfioDevice.IOMMUFD, PropertyType.STRING, "",
                        "name of the board's iommufd, shared by all that name it; none: a container of its own"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        String address = HostAddress.parse(properties.text(VfioDevice.HOST));
        HostPciFunction function;
        try {
            function = host.function(address);
        } catch (HostException e) {
            throw new IllegalArgumentException(
                    "vfio-pci: host=%s: the host has no such device to give away (%s): host:list shows those it has"
                            .formatted(address, e.errno()));
        }
        return new VfioDevice(host, new FunctionReader(function), properties.text(VfioDevice.IOMMUFD));
    }
}
