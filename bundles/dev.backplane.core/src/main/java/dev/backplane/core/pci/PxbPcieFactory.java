package dev.backplane.core.pci;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.device.RealizeException;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes expanders: each adds a root bus, named by its slot, to the segment. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + PxbPcieFactory.TYPE_NAME)
public final class PxbPcieFactory implements DeviceFactory {
    static final String TYPE_NAME = "pxb-pcie";
    private static final String BUS_NUMBER = "bus_nr";
    private static final String BYPASS = "bypass_iommu";

    @Override
    public String type() {
        return TYPE_NAME;
    }

    @Override
    public String description() {
        return "PCI Express expander: a further root bus in the same segment";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(BUS_NUMBER, PropertyType.UINT32, 0L, "number of the root bus, 1 to 255"),
                PropertyDescriptor.of(
                        BYPASS, PropertyType.BOOL, false, "whether no IOMMU governs the devices below"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new Expander((int) properties.number(BUS_NUMBER), properties.bool(BYPASS));
    }

    /** The function on bus 0 that stands for the expander. */
    private static final class Expander extends BridgeModel {
        private final int busNumber;
        private final boolean bypassesIommu;

        Expander(int busNumber, boolean bypassesIommu) {
            super(TYPE_NAME, PciFunctionDescription.builder(0x1b36, 0x000b).classCode(0x060000, 0).build());
            this.busNumber = busNumber;
            this.bypassesIommu = bypassesIommu;
        }

        @Override
        public void realize(PciDeviceContext context) throws RealizeException {
            if (!(context instanceof FunctionContext function)) {
                throw new RealizeException(TYPE_NAME + " works on this engine's own PCI bus only");
            }
            function.openExpander(busNumber, bypassesIommu);
        }
    }
}
