package dev.backplane.qtest.qmp;

import java.util.List;

/**
 * A command.
 *
 * @param name name
 * @param parameters parameters
 * @param open whether parameters that are not declared are taken too
 * @param action what it does
 */
record QmpCommand(String name, List<Parameter> parameters, boolean open, Action action) {

    /** What a command does. */
    @FunctionalInterface
    interface Action {
        /** Does it; {@return the value that is answered} */
        Object run(QmpArguments arguments) throws QmpException;
    }

    /** JSON types of parameters. */
    enum JsonType {
        /** Text. */
        STRING("str", "string"),
        /** A whole number. */
        INT("int", "int"),
        /** A truth value. */
        BOOLEAN("bool", "boolean"),
        /** Anything. */
        ANY("any", "value"),
        /** A list of texts. */
        ARRAY("[str]", "array");

        private final String qapi;
        private final String json;

        JsonType(String qapi, String json) {
            this.qapi = qapi;
            this.json = json;
        }

        /** {@return the name of the type in a schema} */
        String qapi() {
            return qapi;
        }

        /** {@return the name in messages} */
        String json() {
            return json;
        }
    }

    /**
     * A parameter.
     *
     * @param name name
     * @param type type of its value
     * @param required whether it must be given
     */
    record Parameter(String name, JsonType type, boolean required) {}

    static QmpCommand of(String name, Action action, Parameter... parameters) {
        return new QmpCommand(name, List.of(parameters), false, action);
    }

    static Parameter required(String name, JsonType type) {
        return new Parameter(name, type, true);
    }

    static Parameter optional(String name, JsonType type) {
        return new Parameter(name, type, false);
    }
}
