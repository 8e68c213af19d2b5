package dev.backplane.devices.testdev;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes {@code iommu-testdev} devices. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + TestDevice.TYPE)
public final class TestDeviceFactory implements DeviceFactory {

    /** Makes the factory. */
    @Activate
    public TestDeviceFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return TestDevice.TYPE;
    }

    @Override
    public String description() {
        return "IOMMU test device: writes a pattern by IOVA and reads it back by physical address (1b36:0005)";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of();
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new TestDevice();
    }
}
