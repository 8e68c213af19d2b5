package dev.backplane.qtest.control;

import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import dev.backplane.qtest.commandline.Nearest;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** What the framework can offer to a machine. Bundles that nothing has needed so far are started when they are asked for. */
public interface Providers {
    /** {@return all machine types, by name} */
    List<MachineType> machineTypes();

    /** {@return all device factories, one of each type, by type} */
    List<DeviceFactory> deviceFactories();

    /** {@return the factory of a device type} */
    default Optional<DeviceFactory> deviceFactory(String type) {
        return deviceFactories().stream().filter(factory -> factory.type().equals(type)).findFirst();
    }

    /** {@return contracts that a device type needs and that nothing provides; empty when no module has the type} */
    List<String> missing(String type);

    /** {@return what a device type needs, said in words; empty when it needs nothing that is not there} */
    default Optional<String> unmet(String type) {
        return Optional.of(missing(type))
                .filter(missing -> !missing.isEmpty())
                .map(missing -> "'%s' needs %s, which nothing provides".formatted(type, String.join(" and ", missing)));
    }

    /**
     * {@return why there is no factory of a device type, after everything that has it was started}
     *
     * @param candidates which types somebody may have meant
     */
    default String whyNoDevice(String type, Predicate<DeviceFactory> candidates) {
        return unmet(type).orElseGet(() -> "'%s' is not a valid device model name; the nearest supported one is %s"
                .formatted(type, Nearest.to(type, deviceFactories().stream()
                        .filter(candidates)
                        .map(DeviceFactory::type)
                        .toList())));
    }

    /** Starts what provides a device type, unless it runs. */
    void needDevice(String type);

    /**
     * Starts a module by its symbolic name, or the last part of it.
     *
     * @return whether there is one
     */
    boolean startModule(String name);
}
