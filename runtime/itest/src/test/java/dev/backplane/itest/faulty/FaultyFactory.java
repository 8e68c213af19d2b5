package dev.backplane.itest.faulty;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/** Makes devices that fail as the header of their bundle says. */
@Component(service = DeviceFactory.class, property = DeviceFactory.TYPE + "=" + FaultyDevice.TYPE)
public final class FaultyFactory implements DeviceFactory {
    private final Fault fault;

    /** Makes the factory. */
    @Activate
    public FaultyFactory(BundleContext context) {
        fault = Fault.valueOf(context.getBundle().getHeaders().get(Fault.HEADER));
        fault.at("ACTIVATE");
    }

    @Override
    public String type() {
        return FaultyDevice.TYPE;
    }

    @Override
    public String description() {
        return "fails: " + fault;
    }

    @Override
    public List<PropertyDescriptor> properties() {
        fault.at("PROPERTIES");
        return fault == Fault.PROPERTIES_NULL ? null : List.of();
    }

    @Override
    public DeviceModel create(DeviceProperties properties) {
        fault.at("CREATE");
        return fault == Fault.CREATE_NULL ? null : new FaultyDevice(fault);
    }
}
