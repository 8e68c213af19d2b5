package dev.backplane.qtest.commandline;

import dev.backplane.qtest.object.ObjectProperty;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.object.UserObject;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What {@code -object} says. */
final class ObjectArguments {
    private static final String TYPE = "qom-type";
    private static final String ID = "id";

    private ObjectArguments() {}

    /** {@return the types, or the properties of one, if that is asked for} */
    static Optional<String> help(OptionGroup group) throws CommandLineException {
        String typeName = group.get(TYPE).orElse("");
        if (OptionHelp.isAsked(typeName)) {
            var text = new StringBuilder("Types of objects:\n");
            for (ObjectType type : ObjectType.values()) {
                text.append("  ").append(type.typeName()).append('\n');
            }
            return Optional.of(text.toString());
        }
        if (group.values().keySet().stream().noneMatch(OptionHelp::isAsked)) {
            return Optional.empty();
        }
        var text = new StringBuilder(typeName).append(" options:\n");
        for (ObjectProperty property : type(typeName).properties()) {
            text.append("  %-22s - %s\n".formatted(
                    "%s=<%s>".formatted(property.name(), property.kind().qomName()), property.description()));
        }
        return Optional.of(text.toString());
    }

    private static ObjectType type(String typeName) throws CommandLineException {
        Optional<ObjectType> type = ObjectType.find(typeName);
        if (type.isEmpty()) {
            Set<String> names = new LinkedHashSet<>();
            for (ObjectType known : ObjectType.values()) {
                names.add(known.typeName());
            }
            throw new CommandLineException("-object %s: unsupported type; the nearest supported one is %s"
                    .formatted(typeName, Nearest.to(typeName, names)));
        }
        return type.get();
    }

    static UserObject parse(OptionGroup group) throws CommandLineException {
        String typeName = group.require(TYPE);
        ObjectType type = type(typeName);
        String id = group.require(ID);
        if (id.isEmpty() || !DeviceArguments.isIdentifier(id)) {
            throw new CommandLineException(
                    "-object %s: id=%s: %s".formatted(typeName, id, DeviceArguments.IDENTIFIERS));
        }
        Map<String, Object> values = new LinkedHashMap<>();
        for (String key : group.values().keySet()) {
            if (!key.equals(TYPE) && !key.equals(ID)) {
                values.put(key, value(group, type, key));
            }
        }
        try {
            return new UserObject(type, id, values);
        } catch (IllegalArgumentException e) {
            throw new CommandLineException("-object %s,id=%s: %s".formatted(typeName, id, e.getMessage()));
        }
    }

    private static Object value(OptionGroup group, ObjectType type, String key) throws CommandLineException {
        ObjectProperty property = type.property(key).orElse(null);
        if (property == null) {
            Set<String> names = new LinkedHashSet<>();
            type.properties().forEach(known -> names.add(known.name()));
            throw new CommandLineException("-object %s: unsupported parameter '%s'; %s".formatted(
                    type.typeName(), key, names.isEmpty()
                            ? "it takes its id only"
                            : "the nearest supported one is '%s'".formatted(Nearest.to(key, names))));
        }
        return switch (property.kind()) {
            case TEXT -> group.require(key);
            case BOOL -> group.isOn(key, false);
            case SIZE -> ByteSize.parse("-object %s,%s".formatted(type.typeName(), key), group.require(key), 'B');
        };
    }
}
