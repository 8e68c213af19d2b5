package dev.backplane.qtest.qmp;

import dev.backplane.qtest.qmp.QmpCommand.JsonType;
import dev.backplane.qtest.qmp.QmpCommand.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/** What query-qmp-schema and query-commands tell: the commands as they are declared. */
final class Schema {
    private static final List<String> EVENTS = List.of("DEVICE_DELETED", "RESET", "RESUME", "SHUTDOWN", "STOP");

    private final Collection<QmpCommand> commands;

    Schema(Collection<QmpCommand> commands) {
        this.commands = commands;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-qmp-schema", arguments -> entries()));
        catalog.add(QmpCommand.of(
                "query-commands",
                arguments -> commands.stream().map(command -> Members.of("name", command.name())).toList()));
    }

    private List<Map<String, Object>> entries() {
        List<Map<String, Object>> entries = new ArrayList<>();
        List<Map<String, Object>> types = new ArrayList<>();
        int number = 0;
        for (QmpCommand command : commands) {
            String argumentType = Integer.toString(number++);
            entries.add(Members.of(
                    "name", command.name(), "meta-type", "command", "arg-type", argumentType, "ret-type", "any",
                    "allow-oob", false));
            types.add(Members.of(
                    "name", argumentType,
                    "meta-type", "object",
                    "members", command.parameters().stream().map(Schema::member).toList()));
        }
        String empty = Integer.toString(number);
        types.add(Members.of("name", empty, "meta-type", "object", "members", List.of()));
        for (String event : EVENTS) {
            entries.add(Members.of("name", event, "meta-type", "event", "arg-type", empty));
        }
        entries.addAll(types);
        for (JsonType type : JsonType.values()) {
            entries.add(type == JsonType.ARRAY
                    ? Members.of("name", type.qapi(), "meta-type", "array", "element-type", JsonType.STRING.qapi())
                    : Members.of("name", type.qapi(), "meta-type", "builtin", "json-type", type.json()));
        }
        return entries;
    }

    private static Map<String, Object> member(Parameter parameter) {
        Map<String, Object> member = Members.of("name", parameter.name(), "type", parameter.type().qapi());
        if (!parameter.required()) {
            member.put("default", null);
        }
        return member;
    }
}
