package dev.backplane.devices.edu;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes {@code edu} devices. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + EduDevice.TYPE)
public final class EduFactory implements DeviceFactory {
    private static final String DMA_MASK = "dma_mask";
    private static final String IRQFD = "irqfd";

    /** Makes the factory. */
    @Activate
    public EduFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return EduDevice.TYPE;
    }

    @Override
    public String description() {
        return "Educational PCI device: factorial, interrupts and DMA (1234:11e8)";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(
                PropertyDescriptor.of(
                        DMA_MASK, PropertyType.UINT64, 0x0FFF_FFFFL, "address bits that its DMA drives; others are zero"),
                PropertyDescriptor.of(
                        IRQFD, PropertyType.BOOL, false, "its messages go through the accelerator, if that can"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new EduDevice(properties.number(DMA_MASK), properties.bool(IRQFD));
    }
}
