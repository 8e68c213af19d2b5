package dev.backplane.gicv2m.frame;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.irq.MsiController;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes GICv2m frames. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + V2mFrame.TYPE)
public final class V2mFrameFactory implements DeviceFactory {
    private static final String BASE = "base-spi";
    private static final String COUNT = "num-spi";
    private static final int FIRST_SPI = 32;
    private static final int LAST_SPI = 1019;

    /** Makes the factory. */
    @Activate
    public V2mFrameFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return V2mFrame.TYPE;
    }

    @Override
    public String description() {
        return "Arm GICv2m MSI frame: turns MSI writes into edge SPIs";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(BASE, PropertyType.UINT32, 80L, "INTID of the first SPI of the frame, from 32"),
                PropertyDescriptor.of(COUNT, PropertyType.UINT32, 64L, "number of SPIs of the frame, 1 or more"),
                PropertyDescriptor.of(
                        MsiController.ROOT_BUS,
                        PropertyType.LINK,
                        "",
                        "root bus that it serves; empty: those that no other MSI controller names"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        long base = properties.number(BASE);
        long count = properties.number(COUNT);
        if (base < FIRST_SPI || count < 1 || base + count - 1 > LAST_SPI) {
            throw new IllegalArgumentException("%s=%d, %s=%d: expected 1 or more SPIs within INTIDs %d to %d"
                    .formatted(BASE, base, COUNT, count, FIRST_SPI, LAST_SPI));
        }
        return new V2mFrame((int) base, (int) count);
    }
}
