package dev.backplane.qtest.qmp;

import dev.backplane.qtest.qmp.QmpCommand.JsonType;
import dev.backplane.qtest.qmp.QmpCommand.Parameter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The arguments of one execution of a command, checked against its declaration. */
final class QmpArguments {
    private final Map<String, Object> values;
    private final List<Runnable> afterwards = new ArrayList<>();

    private QmpArguments(Map<String, Object> values) {
        this.values = values;
    }

    static QmpArguments check(QmpCommand command, Map<String, Object> given) throws QmpException {
        for (Parameter parameter : command.parameters()) {
            if (!given.containsKey(parameter.name())) {
                if (parameter.required()) {
                    throw QmpException.generic("Parameter '%s' is missing".formatted(parameter.name()));
                }
            } else if (!fits(parameter.type(), given.get(parameter.name()))) {
                throw QmpException.generic("Invalid parameter type for '%s', expected: %s"
                        .formatted(parameter.name(), parameter.type().json()));
            }
        }
        for (String name : given.keySet()) {
            if (!command.open()
                    && command.parameters().stream().noneMatch(parameter -> parameter.name().equals(name))) {
                throw QmpException.generic("Parameter '%s' is unexpected".formatted(name));
            }
        }
        return new QmpArguments(given);
    }

    private static boolean fits(JsonType type, Object value) {
        return switch (type) {
            case STRING -> value instanceof String;
            case INT -> value instanceof Long;
            case BOOLEAN -> value instanceof Boolean;
            case ARRAY -> value instanceof List;
            case ANY -> true;
        };
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name) {
        return (String) values.get(name);
    }

    String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    long number(String name) {
        return (Long) values.get(name);
    }

    boolean flag(String name, boolean otherwise) {
        return has(name) ? (Boolean) values.get(name) : otherwise;
    }

    Object value(String name) {
        return values.get(name);
    }

    /** Does something when the client has its answer. */
    void afterwards(Runnable action) {
        afterwards.add(action);
    }

    /** Does what was left for afterwards. */
    void finish() {
        afterwards.forEach(Runnable::run);
    }

    /** {@return all that was given} */
    Map<String, Object> all() {
        return values;
    }
}
