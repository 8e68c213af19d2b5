package dev.backplane.qtest;

import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.MachineOptions;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.qom.MachineNames;
import dev.backplane.qtest.qom.PropertyTypes;
import dev.backplane.qtest.qom.QomTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What the options named help print. */
final class HelpTexts {
    private final Providers providers;

    HelpTexts(Providers providers) {
        this.providers = providers;
    }

    static String version() {
        return "Backplane 0.1.0, compatible with QEMU emulator version %s.0\n".formatted(MachineNames.NEWEST);
    }

    String machines() {
        var text = new StringBuilder("Supported machines are:\n");
        for (MachineNames.Entry entry : new MachineNames(providers).list()) {
            if (entry.isVersioned()) {
                row(text, entry.alias(), "%s (alias of %s)".formatted(entry.description(), entry.name()));
            }
            row(text, entry.name(), entry.description());
        }
        return text.toString();
    }

    private static void row(StringBuilder text, String name, String description) {
        text.append("%-20s %s\n".formatted(name, description));
    }

    String machineOptions(String machine) throws CommandLineException {
        if (machine.equals("none")) {
            return "none has no options\n";
        }
        for (MachineType type : providers.machineTypes()) {
            if (type.name().equals(MachineNames.base(machine))) {
                return machine + " options:\n" + properties(type.options().stream()
                        .filter(option -> !MachineOptions.ELSEWHERE.containsKey(option.name()))
                        .toList(), MachineOptions.DEFAULTS);
            }
        }
        throw new CommandLineException(new MachineNames(providers).unsupported(machine));
    }

    /** {@return the types that -device takes; -device TYPE,help knows those that machines make, too} */
    String devices() {
        var text = new StringBuilder();
        for (DeviceFactory factory : providers.deviceFactories()) {
            if (QomTypes.isPluggable(factory)) {
                text.append("name \"%s\", desc \"%s\"\n".formatted(factory.type(), factory.description()));
            }
        }
        return text.toString();
    }

    String deviceProperties(String type) throws CommandLineException {
        providers.needDevice(type);
        DeviceFactory factory = providers.deviceFactory(type).orElseThrow(() -> new CommandLineException(
                "-device %s,help: %s".formatted(type, providers.whyNoDevice(type, _ -> true))));
        List<PropertyDescriptor> settable = new ArrayList<>(factory.properties());
        settable.removeIf(PropertyDescriptor::wiring);
        return settable.isEmpty()
                ? "There are no options for %s.\n".formatted(type)
                : "%s options:\n".formatted(type) + properties(settable, Map.of());
    }

    private static String properties(List<PropertyDescriptor> properties, Map<String, String> otherDefaults) {
        var text = new StringBuilder();
        properties.stream()
                .sorted((one, other) -> one.name().compareTo(other.name()))
                .forEach(property -> text.append("  %-22s - %s (default: %s)\n".formatted(
                        "%s=<%s>".formatted(property.name(), PropertyTypes.name(property)),
                        PropertyTypes.description(property),
                        otherDefaults.getOrDefault(property.name(), defaultText(property)))));
        return text.toString();
    }

    private static String defaultText(PropertyDescriptor property) {
        return switch (property.defaultValue()) {
            case Boolean on -> on ? "on" : "off";
            case String text -> text.isEmpty() ? "none" : text;
            case Object value -> value.toString().toLowerCase(Locale.ROOT);
        };
    }
}
