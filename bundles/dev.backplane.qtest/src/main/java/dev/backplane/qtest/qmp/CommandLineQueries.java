package dev.backplane.qtest.qmp;

import dev.backplane.board.MachineType;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.commandline.MachineOptions;
import dev.backplane.qtest.commandline.ParameterGroup;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import dev.backplane.qtest.qom.PropertyTypes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Questions about what the command line has said, and what it may say. */
final class CommandLineQueries {
    private static final String OPTION = "option";

    /** Options whose parameters depend on their first. */
    private static final List<String> OPEN = List.of("device", "object");

    private final SystemCommand command;
    private final Providers providers;

    CommandLineQueries(Subject subject) {
        command = subject.command();
        providers = subject.providers();
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-name", arguments ->
                command.name().isEmpty() ? Map.of() : Members.of("name", command.name())));
        catalog.add(QmpCommand.of("query-uuid", arguments -> Members.of("UUID", command.uuid().toString())));
        catalog.add(QmpCommand.of("query-chardev", arguments ->
                command.chardevs().stream().map(CommandLineQueries::describe).toList()));
        catalog.add(QmpCommand.of("query-command-line-options", this::options,
                QmpCommand.optional(OPTION, QmpCommand.JsonType.STRING)));
    }

    private static Map<String, Object> describe(CharacterDevice device) {
        return Members.of("label", device.label(), "filename", device.fileName(), "frontend-open", device.used());
    }

    private Object options(QmpArguments arguments) throws QmpException {
        Map<String, List<Object>> options = new TreeMap<>();
        options.put("machine", machineOptions());
        for (ParameterGroup group : ParameterGroup.values()) {
            options.put(group.groupName(), new ArrayList<>(group.parameters().stream()
                    .map(parameter -> Members.of("name", parameter.name(), "type", parameter.type()))
                    .toList()));
        }
        OPEN.forEach(option -> options.put(option, List.of()));
        if (arguments.has(OPTION)) {
            String option = arguments.text(OPTION);
            if (!options.containsKey(option)) {
                throw QmpException.generic("invalid option name: %s; there are %s"
                        .formatted(option, String.join(", ", options.keySet())));
            }
            options.keySet().retainAll(List.of(option));
        }
        List<Object> described = new ArrayList<>();
        options.forEach((option, parameters) ->
                described.add(Members.of("parameters", parameters, OPTION, option)));
        return described;
    }

    private List<Object> machineOptions() {
        Map<String, Object> parameters = new LinkedHashMap<>();
        parameters.put("type", Members.of("name", "type", "type", "string", "help", "machine type"));
        for (MachineType machine : providers.machineTypes()) {
            for (PropertyDescriptor option : machine.options()) {
                if (!MachineOptions.ELSEWHERE.containsKey(option.name())) {
                    parameters.put(option.name(), Members.of(
                            "name", option.name(), "type", type(option), "help", PropertyTypes.description(option)));
                }
            }
        }
        for (String option : MachineOptions.WITHOUT_EFFECT.stream().sorted().toList()) {
            parameters.putIfAbsent(option, Members.of("name", option, "type", "string", "help", "no effect"));
        }
        parameters.put("memory-backend", Members.of(
                "name", "memory-backend", "type", "string", "help", "id of the memory backend that is RAM"));
        return new ArrayList<>(parameters.values());
    }

    private static String type(PropertyDescriptor option) {
        return switch (option.type()) {
            case BOOL -> "boolean";
            case UINT32, UINT64 -> "number";
            case SIZE -> "size";
            case STRING, CHOICE, LINK -> "string";
        };
    }
}
