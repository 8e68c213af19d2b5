package dev.backplane.core.pci;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes root ports: a link to one device, with hot plug. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + PcieRootPortFactory.TYPE_NAME)
public final class PcieRootPortFactory implements DeviceFactory {
    static final String TYPE_NAME = "pcie-root-port";
    private static final int CHASSIS_MAX = 0xFF;
    private static final int PORT_MAX = 0xFF;
    private static final int SLOT_MAX = 0x1FFF;

    @Override
    public String type() {
        return TYPE_NAME;
    }

    @Override
    public String description() {
        return "PCI Express root port: a bus with room for one device, hot-pluggable";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(
                        "chassis", PropertyType.UINT32, 0L, "number of the chassis, up to 255; no register shows it"),
                PropertyDescriptor.of("port", PropertyType.UINT32, 0L, "port number in Link Capabilities, up to 255"),
                PropertyDescriptor.of("slot", PropertyType.UINT32, 0L, "physical slot number, up to 8191"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        upTo(CHASSIS_MAX, "chassis", properties);
        int port = upTo(PORT_MAX, "port", properties);
        int slot = upTo(SLOT_MAX, "slot", properties);
        return new BridgeModel(TYPE_NAME, PciFunctionDescription.builder(0x1b36, 0x000c)
                .classCode(0x060400, 0)
                .interruptPin(1)
                .msix(new Msix(1, 0, 0, 0, 0x800))
                .capability(BridgeModel.express(ExpressCapability.rootPort(port, slot)))
                .capability(BridgeModel.accessControl())
                .build());
    }

    private static int upTo(int most, String name, DeviceProperties properties) {
        long value = properties.number(name);
        if (value > most) {
            throw new IllegalArgumentException(
                    "%s: %s=%d: expected 0 to %d".formatted(TYPE_NAME, name, value, most));
        }
        return (int) value;
    }
}
