package dev.backplane.qtest;

import dev.backplane.board.MachineType;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.DeviceArguments;
import dev.backplane.qtest.commandline.Globals;
import dev.backplane.qtest.commandline.Globals.Global;
import dev.backplane.qtest.control.Providers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What the defaults of properties mean for a machine: for the devices that it makes itself, and for the user's. */
final class BoardGlobals {
    /** Machine options that tell the machine's own devices a property. */
    private static final Map<String, String> OPTIONS =
            Map.of("arm-smmuv3.stage", "iommu-stage", "arm-smmuv3.profile", "iommu-profile");

    private final Providers providers;
    private final Globals globals;
    private final MachineType machine;

    BoardGlobals(Providers providers, Globals globals, MachineType machine) {
        this.providers = providers;
        this.globals = globals;
        this.machine = machine;
    }

    /** {@return machine options that are meant} */
    Map<String, String> options() {
        Map<String, String> options = new LinkedHashMap<>();
        for (Global global : globals.all()) {
            option(global).ifPresent(option -> options.put(option, global.value()));
        }
        return options;
    }

    private Optional<String> option(Global global) {
        return Optional.ofNullable(OPTIONS.get(global.type() + "." + global.property()))
                .filter(name -> machine.options().stream().anyMatch(option -> option.name().equals(name)));
    }

    /**
     * Refuses what would be passed over in silence.
     *
     * @param options options of the machine
     * @return warnings
     * @throws CommandLineException if a device type lacks the property, or the machine does not take it
     */
    List<String> check(Map<String, String> options) throws CommandLineException {
        List<String> warnings = new ArrayList<>();
        if (globals.all().isEmpty()) {
            return warnings; // the machine needs not be laid out for nothing
        }
        Set<String> own = ownTypes(options);
        for (Global global : globals.all()) {
            providers.needDevice(global.type());
            Optional<DeviceFactory> factory = providers.deviceFactory(global.type());
            if (factory.isEmpty()) {
                warnings.add("%s has no effect: there is no device type '%s'".formatted(global.text(), global.type()));
                continue;
            }
            requireProperty(global, factory.get());
            if (own.contains(global.type()) && option(global).isEmpty()) {
                throw new CommandLineException(
                        "%s: machine %s makes its %s itself and does not take this property for it; leave it out, and"
                                        .formatted(global.text(), machine.name(), global.type())
                                + " see -machine %s,help for what it takes".formatted(machine.name()));
            }
        }
        return warnings;
    }

    /** {@return types of devices that the machine makes itself} */
    private Set<String> ownTypes(Map<String, String> options) {
        try {
            return machine.define(DeviceProperties.of(machine.name(), machine.options(), options)).slots().stream()
                    .map(SlotDefinition::deviceType)
                    .collect(Collectors.toSet());
        } catch (IllegalArgumentException e) {
            return Set.of(); // the board refuses these options, and says why
        }
    }

    private static void requireProperty(Global global, DeviceFactory factory) throws CommandLineException {
        List<String> known = factory.properties().stream()
                .filter(property -> !property.wiring())
                .map(PropertyDescriptor::name)
                .sorted()
                .toList();
        if (!known.contains(global.property()) && !DeviceArguments.isCommon(global.property())) {
            throw new CommandLineException("%s: %s has no property '%s'; it has %s".formatted(
                    global.text(), global.type(), global.property(),
                    known.isEmpty() ? "none" : String.join(", ", known)));
        }
    }
}
