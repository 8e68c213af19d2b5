package dev.backplane.qtest.commandline;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The argument of an option: {@code value,key=value,flag}. A comma inside a value is written twice. Immutable.
 *
 * @param option name of the option, for messages
 * @param values values by key, in the order in which they were written
 */
public record OptionGroup(String option, Map<String, String> values) {

    /** Copies the values. */
    public OptionGroup {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /**
     * Reads an argument.
     *
     * @param option name of the option, for messages
     * @param text the argument
     * @param impliedKey key of a first part without {@code =}; {@code ""} for none
     */
    public static OptionGroup parse(String option, String text, String impliedKey) throws CommandLineException {
        Map<String, String> values = new LinkedHashMap<>();
        int at = 0;
        boolean first = true;
        while (at < text.length()) {
            var part = new StringBuilder();
            at = part(text, at, part);
            int equals = part.indexOf("=");
            if (equals > 0) {
                values.put(part.substring(0, equals), part.substring(equals + 1));
            } else if (equals == 0 || part.isEmpty()) {
                throw new CommandLineException("%s %s: '%s' is no parameter: expected key=value"
                        .formatted(option, text, part));
            } else if (first && !impliedKey.isEmpty()) {
                values.put(impliedKey, part.toString());
            } else {
                values.put(part.toString(), "on");
            }
            first = false;
        }
        return new OptionGroup(option, values);
    }

    /** Collects one part; {@return where the next begins} */
    private static int part(String text, int from, StringBuilder part) {
        int at = from;
        for (; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == ',') {
                if (at + 1 == text.length() || text.charAt(at + 1) != ',') {
                    return at + 1;
                }
                at++;
            }
            part.append(c);
        }
        return at;
    }

    /** {@return the value of a key, or empty} */
    public Optional<String> get(String key) {
        return Optional.ofNullable(values.get(key));
    }

    /** {@return the value of a key} */
    public String require(String key) throws CommandLineException {
        return get(key).orElseThrow(
                () -> new CommandLineException("%s: parameter '%s' is missing".formatted(option, key)));
    }

    /** {@return whether a switch is on} */
    public boolean isOn(String key, boolean otherwise) throws CommandLineException {
        String value = values.get(key);
        return switch (value) {
            case null -> otherwise;
            case "on", "yes", "true", "y" -> true;
            case "off", "no", "false", "n" -> false;
            default -> throw new CommandLineException(
                    "%s: parameter '%s' expects 'on' or 'off', not '%s'".formatted(option, key, value));
        };
    }

    /** Refuses keys that are not supported. */
    public OptionGroup allow(Set<String> keys) throws CommandLineException {
        for (String key : values.keySet()) {
            if (!keys.contains(key)) {
                throw new CommandLineException("%s: unsupported parameter '%s'; the nearest supported one is '%s'"
                        .formatted(option, key, Nearest.to(key, keys)));
            }
        }
        return this;
    }
}
