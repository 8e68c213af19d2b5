package com.example.copyengine;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes devices of type {@code copy-engine}. The annotation is all that a board needs to find it. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + CopyEngine.TYPE)
public final class CopyEngineFactory implements DeviceFactory {
    private static final String QUEUES = "queues";

    /** Makes the factory. */
    @Activate
    public CopyEngineFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return CopyEngine.TYPE;
    }

    @Override
    public String description() {
        return "Copies, fills and checksums guest memory by descriptor rings (1234:c09e)";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(PropertyDescriptor.of(
                QUEUES, PropertyType.UINT32, 4L, "number of descriptor rings, 1 to 8; each has an MSI-X vector"));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        long queues = properties.number(QUEUES);
        if (queues < 1 || queues > EngineRegisters.MAX_QUEUES) {
            throw new IllegalArgumentException("copy-engine: queues=%d: expected 1 to %d"
                    .formatted(queues, EngineRegisters.MAX_QUEUES));
        }
        return new CopyEngine((int) queues);
    }
}
