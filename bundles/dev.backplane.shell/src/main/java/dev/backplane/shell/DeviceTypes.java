package dev.backplane.shell;

import dev.backplane.device.DeviceFactory;
import dev.backplane.shell.text.NearMiss;
import java.util.Comparator;
import java.util.List;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** The device types that the framework has a factory for, as they come and go. */
@Component(service = DeviceTypes.class)
public final class DeviceTypes {
    // Dynamic, so that the commands stay while the bundles of devices are updated.
    @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
    private volatile List<DeviceFactory> factories;

    /** Made by the framework. */
    @Activate
    public DeviceTypes() {
        factories = List.of();
    }

    DeviceTypes(List<DeviceFactory> factories) {
        this.factories = List.copyOf(factories);
    }

    List<DeviceFactory> all() {
        return factories.stream().sorted(Comparator.comparing(DeviceFactory::type)).toList();
    }

    DeviceFactory find(String type) {
        List<DeviceFactory> all = all();
        return all.stream().filter(factory -> factory.type().equals(type)).findFirst()
                .orElseThrow(() -> NearMiss.unknown("device type", type,
                        all.stream().map(DeviceFactory::type).toList(), "board:devices shows all"));
    }
}
