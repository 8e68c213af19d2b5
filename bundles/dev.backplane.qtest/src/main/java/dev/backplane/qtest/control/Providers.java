package dev.backplane.qtest.control;

import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import java.util.List;
import java.util.Optional;

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

    /** Starts what provides a device type, unless it runs. */
    void needDevice(String type);

    /**
     * Starts a module by its symbolic name, or the last part of it.
     *
     * @return whether there is one
     */
    boolean startModule(String name);
}
