package dev.backplane.qtest.object;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An object that a user has made. Immutable.
 *
 * @param type its type
 * @param id its name among objects
 * @param values values of all its properties
 */
public record UserObject(ObjectType type, String id, Map<String, Object> values) {

    /**
     * Checks values and completes them.
     *
     * @throws IllegalArgumentException if one is missing or does not fit; the message names it
     */
    public UserObject {
        Map<String, Object> complete = new LinkedHashMap<>();
        for (ObjectProperty property : type.properties()) {
            Object value = values.get(property.name());
            if (value == null) {
                value = property.otherwise().orElseThrow(
                        () -> new IllegalArgumentException("Parameter '%s' is missing".formatted(property.name())));
            }
            if (!property.kind().fits(value)) {
                throw new IllegalArgumentException("Invalid parameter type for '%s', expected: %s"
                        .formatted(property.name(), property.kind().qomName()));
            }
            if (value instanceof Long bytes && bytes <= 0) {
                throw new IllegalArgumentException(
                        "Parameter '%s' expects 1 or more, not %d".formatted(property.name(), bytes));
            }
            complete.put(property.name(), value);
        }
        for (String name : values.keySet()) {
            if (type.property(name).isEmpty()) {
                throw new IllegalArgumentException("Parameter '%s' is unexpected".formatted(name));
            }
        }
        values = Collections.unmodifiableMap(complete);
    }

    /** {@return a text among the values} */
    public String text(String name) {
        return (String) values.get(name);
    }

    /** {@return a number among the values} */
    public long number(String name) {
        return (Long) values.get(name);
    }
}
