package dev.backplane.core.pci;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.pci.PciFunctionDescription;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes bridges to conventional PCI: requests of the devices behind it carry the requester ID of its bus. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + PciePciBridgeFactory.TYPE_NAME)
public final class PciePciBridgeFactory implements DeviceFactory {
    static final String TYPE_NAME = "pcie-pci-bridge";

    @Override
    public String type() {
        return TYPE_NAME;
    }

    @Override
    public String description() {
        return "PCI Express to PCI bridge: a conventional bus with room for 32 devices";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of();
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new BridgeModel(TYPE_NAME, PciFunctionDescription.builder(0x1b36, 0x000e)
                .classCode(0x060400, 0)
                .capability(BridgeModel.express(ExpressCapability.toPciBridge()))
                .build());
    }
}
