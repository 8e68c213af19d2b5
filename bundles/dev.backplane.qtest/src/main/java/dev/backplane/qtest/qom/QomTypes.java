package dev.backplane.qtest.qom;

import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceProperties;
import dev.backplane.irq.MsiController;
import dev.backplane.pci.PciDevice;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.processor.ProcessorModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The types of objects and their ancestry: abstract ones that clients know, and a type for each device factory. */
public final class QomTypes {
    /**
     * A type.
     *
     * @param name its name
     * @param parent name of its parent, {@code ""} for the root
     * @param isAbstract whether there are objects of its children only
     */
    public record Type(String name, String parent, boolean isAbstract) {}

    private static final List<Type> ABSTRACT = List.of(
            new Type("object", "", true),
            new Type("device", "object", true),
            new Type("sys-bus-device", "device", true),
            new Type("pci-device", "device", true),
            new Type("base-pci-bridge", "pci-device", true),
            new Type("pci-bridge-base", "base-pci-bridge", true),
            new Type("arm_gic_common", "sys-bus-device", true),
            new Type("arm-gicv3-common", "sys-bus-device", true),
            new Type("arm-gicv3-its-common", "sys-bus-device", true),
            new Type("arm-smmu", "sys-bus-device", true),
            new Type("cpu", "device", true),
            new Type("arm-cpu", "cpu", true),
            new Type("machine", "object", true),
            new Type("virt-machine", "machine", true),
            new Type("monitor", "object", true),
            new Type(ObjectType.BACKEND, "object", true));

    /** Parents of device types whose family clients ask for; others are children of their bus's type. */
    private static final Map<String, String> FAMILIES = Map.of(
            "arm_gic", "arm_gic_common",
            "arm-gicv3", "arm-gicv3-common",
            "arm-gicv3-its", "arm-gicv3-its-common",
            "arm-smmuv3", "arm-smmu",
            "pcie-root-port", "base-pci-bridge",
            "pcie-pci-bridge", "base-pci-bridge");

    private static final Set<String> MADE_BY_MACHINES =
            Set.of("sys-bus-device", "arm_gic_common", "arm-gicv3-common", "arm-gicv3-its-common");

    private final Providers providers;
    private final MachineNames machines;

    /** Takes what there is. */
    public QomTypes(Providers providers, MachineNames machines) {
        this.providers = providers;
        this.machines = machines;
    }

    /** {@return all types by name} */
    private Map<String, Type> all() {
        Map<String, Type> all = new LinkedHashMap<>();
        ABSTRACT.forEach(type -> all.put(type.name(), type));
        all.put("container", new Type("container", "object", false));
        for (ObjectType object : ObjectType.values()) {
            all.put(object.typeName(), new Type(object.typeName(), object.parent(), false));
        }
        for (ProcessorModel model : ProcessorModel.values()) {
            all.put(model.qomType(), new Type(model.qomType(), "arm-cpu", false));
        }
        for (MachineNames.Entry machine : machines.list()) {
            String parent = machine.isVersioned() ? "virt-machine" : "machine";
            all.put(machine.qomType(), new Type(machine.qomType(), parent, false));
        }
        for (DeviceFactory factory : providers.deviceFactories()) {
            all.put(factory.type(), new Type(factory.type(), parent(factory), false));
        }
        return all;
    }

    /**
     * {@return whether users can plug devices of a type: PCI functions, SMMUs, and MSI controllers that can serve a
     * root bus of their own; the machine makes all others}
     */
    public static boolean isPluggable(DeviceFactory factory) {
        return !MADE_BY_MACHINES.contains(parent(factory)) || hasRootBus(factory);
    }

    private static boolean hasRootBus(DeviceFactory factory) {
        return factory.properties().stream().anyMatch(property -> property.name().equals(MsiController.ROOT_BUS));
    }

    private static String parent(DeviceFactory factory) {
        String family = FAMILIES.get(factory.type());
        if (family != null) {
            return family;
        }
        try {
            var properties = DeviceProperties.of(factory.type(), factory.properties(), Map.of());
            return factory.create(properties) instanceof PciDevice ? "pci-device" : "sys-bus-device";
        } catch (RuntimeException e) {
            return "device"; // it needs properties, so which kind it is shows only when it is plugged
        }
    }

    /**
     * {@return the types that are a type or descend from it}
     *
     * @param ancestor name of the type; {@code ""} for all
     * @param withAbstract whether abstract ones are among them
     */
    public List<Type> implementing(String ancestor, boolean withAbstract) {
        Map<String, Type> all = all();
        List<Type> types = new ArrayList<>();
        for (Type type : all.values()) {
            if ((withAbstract || !type.isAbstract()) && (ancestor.isEmpty() || descends(type, ancestor, all))) {
                types.add(type);
            }
        }
        return types;
    }

    /** {@return whether there is a type of that name that is another or descends from it} */
    public boolean descends(String name, String ancestor) {
        Map<String, Type> all = all();
        Type type = all.get(name);
        return type != null && descends(type, ancestor, all);
    }

    private static boolean descends(Type type, String ancestor, Map<String, Type> all) {
        for (Type at = type; at != null; at = all.get(at.parent())) {
            if (at.name().equals(ancestor)) {
                return true;
            }
        }
        return false;
    }

    /**
     * Makes an object of each device type with default properties, and reads these. A type that cannot be made without
     * values for some of them is fine.
     *
     * @return what is wrong, empty when nothing is
     */
    public List<String> selfTest() {
        List<String> complaints = new ArrayList<>();
        for (DeviceFactory factory : providers.deviceFactories()) {
            try {
                DeviceProperties defaults = DeviceProperties.of(factory.type(), factory.properties(), Map.of());
                factory.properties().stream()
                        .filter(property -> property.defaultValue() != null)
                        .filter(property -> !property.defaultValue().equals(defaults.asMap().get(property.name())))
                        .forEach(property -> complaints.add("%s.%s: default is not %s"
                                .formatted(factory.type(), property.name(), property.defaultValue())));
                factory.create(defaults);
            } catch (IllegalArgumentException e) {
                // It says which properties it needs.
            } catch (RuntimeException e) {
                complaints.add("%s: %s".formatted(factory.type(), e));
            }
        }
        return complaints;
    }

    /** {@return whether a name is an abstract type} */
    public boolean isAbstract(String name) {
        return ABSTRACT.stream().anyMatch(type -> type.name().equals(name));
    }
}
