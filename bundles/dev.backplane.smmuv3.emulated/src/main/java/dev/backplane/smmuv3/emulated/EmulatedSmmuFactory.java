package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes SMMUv3s that walk their tables in software. */
@Component(
        service = DeviceFactory.class,
        property = {DeviceFactory.TYPE + "=" + EmulatedSmmuFactory.DEVICE_TYPE, DeviceFactory.WHEN + "=(!(accel=on))"})
public final class EmulatedSmmuFactory implements DeviceFactory {
    static final String DEVICE_TYPE = "arm-smmuv3";

    @Override
    public String type() {
        return DEVICE_TYPE;
    }

    @Override
    public String description() {
        return "Arm SMMUv3 of a PCI root bus, walking its tables in software";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return SmmuProperties.DESCRIPTORS;
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new EmulatedSmmu(new SmmuProperties(properties));
    }
}
