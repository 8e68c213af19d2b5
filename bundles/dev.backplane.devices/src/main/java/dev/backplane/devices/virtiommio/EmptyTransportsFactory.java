package dev.backplane.devices.virtiommio;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes rows of empty virtio-mmio transports. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + EmptyTransports.TYPE)
public final class EmptyTransportsFactory implements DeviceFactory {
    private static final String TRANSPORTS = "transports";
    private static final int MOST = 1024;

    /** Makes the factory. */
    @Activate
    public EmptyTransportsFactory() {
        // nothing to start
    }

    @Override
    public String type() {
        return EmptyTransports.TYPE;
    }

    @Override
    public String description() {
        return "virtio-mmio transports without devices: drivers find them and pass over";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return List.of(PropertyDescriptor.of(
                TRANSPORTS, PropertyType.UINT32, 1L, "number of transports, 0x200 bytes each, 1 to " + MOST));
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        long count = properties.number(TRANSPORTS);
        if (count < 1 || count > MOST) {
            throw new IllegalArgumentException("%s=%d: expected 1 to %d".formatted(TRANSPORTS, count, MOST));
        }
        return new EmptyTransports((int) count);
    }
}
