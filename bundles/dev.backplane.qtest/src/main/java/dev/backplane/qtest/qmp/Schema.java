package dev.backplane.qtest.qmp;

import dev.backplane.qtest.qmp.QapiTypes.Enumeration;
import dev.backplane.qtest.qmp.QapiTypes.Structure;
import dev.backplane.qtest.qmp.QmpCommand.JsonType;
import dev.backplane.qtest.qmp.QmpCommand.Parameter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What query-qmp-schema and query-commands tell: the commands as they are declared. As clients expect, types other than
 * builtin ones and lists of them have numbers for names.
 */
final class Schema {
    private final Collection<QmpCommand> commands;

    Schema(Collection<QmpCommand> commands) {
        this.commands = commands;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-qmp-schema", arguments -> new Description().of(commands)));
        catalog.add(QmpCommand.of(
                "query-commands",
                arguments -> commands.stream().map(command -> Members.of("name", command.name())).toList()));
    }

    /** One description in the making. */
    private static final class Description {
        private final Map<String, String> numbers = new LinkedHashMap<>();
        private final Set<String> lists = new LinkedHashSet<>();
        private final List<Map<String, Object>> entries = new ArrayList<>();
        private final List<Map<String, Object>> types = new ArrayList<>();

        List<Map<String, Object>> of(Collection<QmpCommand> commands) {
            reference(QapiTypes.EMPTY);
            for (QmpCommand command : commands) {
                entries.add(Members.of(
                        "name", command.name(),
                        "meta-type", "command",
                        "arg-type", arguments(command),
                        "ret-type", reference(QapiTypes.returned(command.name()))));
            }
            new TreeMap<>(QapiTypes.events()).forEach((name, type) -> entries.add(
                    Members.of("name", name, "meta-type", "event", "arg-type", reference(type))));
            entries.addAll(types);
            for (String list : lists) {
                entries.add(Members.of(
                        "name", list, "meta-type", "array", "element-type", list.substring(1, list.length() - 1)));
            }
            for (JsonType type : JsonType.values()) {
                if (type != JsonType.ARRAY) {
                    entries.add(Members.of("name", type.qapi(), "meta-type", "builtin", "json-type", type.json()));
                }
            }
            return entries;
        }

        private String arguments(QmpCommand command) {
            if (command.parameters().isEmpty()) {
                return reference(QapiTypes.EMPTY);
            }
            String number = number("arguments of " + command.name());
            types.add(Members.of(
                    "name", number,
                    "meta-type", "object",
                    "members", command.parameters().stream().map(this::member).toList()));
            return number;
        }

        private Map<String, Object> member(Parameter parameter) {
            return member(parameter.name(), parameter.type().qapi(), !parameter.required());
        }

        private Map<String, Object> member(String name, String type, boolean optional) {
            Map<String, Object> member = Members.of("name", name, "type", reference(type));
            if (optional) {
                member.put("default", null);
            }
            return member;
        }

        private String number(String name) {
            String number = Integer.toString(numbers.size());
            numbers.put(name, number);
            return number;
        }

        /** {@return what a type is called here} It is described when it is called so for the first time. */
        private String reference(String type) {
            if (type.startsWith("[")) {
                String list = "[" + reference(type.substring(1, type.length() - 1)) + "]";
                lists.add(list);
                return list;
            }
            QapiTypes.Type described = QapiTypes.types().get(type);
            if (described == null) {
                return type; // builtin
            }
            String known = numbers.get(type);
            if (known != null) {
                return known;
            }
            String number = number(type); // before its members, which may speak of it
            types.add(switch (described) {
                case Enumeration(List<String> values) -> Members.of(
                        "name", number,
                        "meta-type", "enum",
                        "members", values.stream().map(value -> Members.of("name", value)).toList(),
                        "values", values);
                case Structure(var members) -> Members.of(
                        "name", number,
                        "meta-type", "object",
                        "members", members.stream()
                                .map(member -> member(member.name(), member.type(), member.optional()))
                                .toList());
            });
            return number;
        }
    }
}
