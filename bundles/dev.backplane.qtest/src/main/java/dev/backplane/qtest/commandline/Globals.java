package dev.backplane.qtest.commandline;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Defaults that the user gives to properties of device types. Immutable.
 *
 * @param all in the order of the command line: of the same property the last one counts
 */
public record Globals(List<Global> all) {
    /** No defaults. */
    public static final Globals NONE = new Globals(List.of());

    /**
     * A default for all devices of a type.
     *
     * @param type device type
     * @param property property
     * @param value value as written
     */
    public record Global(String type, String property, String value) {
        /** {@return it as written on the command line} */
        public String text() {
            return "-global %s.%s=%s".formatted(type, property, value);
        }
    }

    /** Copies the list. */
    public Globals {
        all = List.copyOf(all);
    }

    /** {@return what a device of a type is told: what it was given itself, and the defaults for the rest} */
    public Map<String, String> with(String type, Map<String, String> given) {
        Map<String, String> told = new LinkedHashMap<>();
        for (Global global : all) {
            if (global.type().equals(type)) {
                told.put(global.property(), global.value());
            }
        }
        told.putAll(given);
        return told;
    }
}
