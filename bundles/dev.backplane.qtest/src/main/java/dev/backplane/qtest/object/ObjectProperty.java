package dev.backplane.qtest.object;

import java.util.Optional;

/**
 * A property of an object that a user makes. Immutable.
 *
 * @param name name
 * @param kind what values it takes
 * @param otherwise its value when it is not told; empty when it must be
 * @param description what it is for
 */
public record ObjectProperty(String name, Kind kind, Optional<Object> otherwise, String description) {

    /** Kinds of values. */
    public enum Kind {
        /** Text. */
        TEXT("string"),
        /** A truth value. */
        BOOL("bool"),
        /** A number of bytes, more than none. */
        SIZE("int");

        private final String qomName;

        Kind(String qomName) {
            this.qomName = qomName;
        }

        /** {@return the name of the kind as the types of properties have it} */
        public String qomName() {
            return qomName;
        }

        /** {@return whether a value is of this kind} */
        public boolean fits(Object value) {
            return switch (this) {
                case TEXT -> value instanceof String;
                case BOOL -> value instanceof Boolean;
                case SIZE -> value instanceof Long;
            };
        }
    }

    static ObjectProperty required(String name, Kind kind, String description) {
        return new ObjectProperty(name, kind, Optional.empty(), description);
    }

    static ObjectProperty optional(String name, Kind kind, Object otherwise, String description) {
        return new ObjectProperty(name, kind, Optional.of(otherwise), description);
    }
}
