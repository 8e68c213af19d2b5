package dev.backplane.gicv3;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.gicv3.its.Its;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes GICv3 interrupt translation services. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + Its.TYPE)
public final class ItsFactory implements DeviceFactory {
    /** Makes the factory. */
    @Activate
    public ItsFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return Its.TYPE;
    }

    @Override
    public String description() {
        return "GICv3 interrupt translation service: MSIs become LPIs";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return Its.PROPERTIES;
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new Its(properties);
    }
}
