package dev.backplane.gicv2m.gic;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes GICv2 interrupt controllers. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + GicV2Device.TYPE)
public final class GicV2Factory implements DeviceFactory {
    private static final String PROCESSORS = "num-cpu";
    private static final String INTERRUPTS = "num-irq";
    private static final int MAX_PROCESSORS = 8;
    private static final int MAX_INTERRUPTS = 1020;

    /** Makes the factory. */
    @Activate
    public GicV2Factory() {
        // nothing to start
    }

    @Override
    public String type() {
        return GicV2Device.TYPE;
    }

    @Override
    public String description() {
        return "Arm GICv2 interrupt controller: distributor and up to 8 CPU interfaces (IHI 0048)";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(PROCESSORS, PropertyType.UINT32, 1L, "number of processors, 1 to 8"),
                PropertyDescriptor.of(
                        INTERRUPTS,
                        PropertyType.UINT32,
                        288L,
                        "number of INTIDs, the 32 SGIs and PPIs included: a multiple of 32 from 64, or 1020"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        long processors = properties.number(PROCESSORS);
        long interrupts = properties.number(INTERRUPTS);
        if (processors < 1 || processors > MAX_PROCESSORS) {
            throw new IllegalArgumentException(
                    "%s=%d: a GICv2 has 1 to %d CPU interfaces".formatted(PROCESSORS, processors, MAX_PROCESSORS));
        }
        boolean whole = interrupts % 32 == 0 || interrupts == MAX_INTERRUPTS;
        if (interrupts < 64 || interrupts > MAX_INTERRUPTS || !whole) {
            throw new IllegalArgumentException("%s=%d: expected a multiple of 32 from 64 to 992, or %d"
                    .formatted(INTERRUPTS, interrupts, MAX_INTERRUPTS));
        }
        return new GicV2Device((int) processors, (int) interrupts);
    }
}
