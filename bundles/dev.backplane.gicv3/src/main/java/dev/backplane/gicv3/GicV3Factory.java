package dev.backplane.gicv3;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.gicv3.gic.GicConfig;
import dev.backplane.gicv3.gic.GicV3;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes GICv3 distributors with their redistributors. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + GicV3.TYPE)
public final class GicV3Factory implements DeviceFactory {
    /** Makes the factory. */
    @Activate
    public GicV3Factory() {
        // nothing to start
    }

    @Override
    public String type() {
        return GicV3.TYPE;
    }

    @Override
    public String description() {
        return "GICv3: distributor, redistributors with LPIs, CPU interfaces";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return GicConfig.PROPERTIES;
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new GicV3(GicConfig.of(properties));
    }
}
