package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** Makes SMMUv3s whose stage 1 the host's SMMU carries out; for slots whose property {@code accel} is on. */
@Component(
        service = DeviceFactory.class,
        property = {
            DeviceFactory.TYPE + "=" + AccelSmmuFactory.DEVICE_TYPE,
            DeviceFactory.WHEN + "=(" + AccelProperties.ACCEL + "=on)"
        })
public final class AccelSmmuFactory implements DeviceFactory {
    static final String DEVICE_TYPE = "arm-smmuv3";

    @Override
    public String type() {
        return DEVICE_TYPE;
    }

    @Override
    public String description() {
        return "Arm SMMUv3 of a PCI root bus, for assigned devices: the host's SMMU walks the guest's stage 1";
    }

    @Override
    public List<PropertyDescriptor> properties() {
        return AccelProperties.DESCRIPTORS;
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        return new AccelSmmu(new AccelProperties(properties));
    }
}
