package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.json.Json;
import dev.backplane.qtest.json.JsonException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Makes requests of what {@code -device} and {@code device_add} say. */
public final class DeviceArguments {
    /**
     * What every function can be told and needs not be: the fabric sees by itself where several functions share a
     * device, and there are neither option ROMs nor ACPI numbers.
     */
    private static final Set<String> WITHOUT_EFFECT = Set.of("multifunction", "rombar", "romfile", "acpi-index");

    /** What identifiers are made of, for messages. */
    static final String IDENTIFIERS = "expected letters, digits, '-', '.' and '_', a letter first";

    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

    private static final Pattern PREFIX = Pattern.compile("(^|\\.)0[xX](?=[0-9a-fA-F])");

    private static final String ADDRESS = "addr";
    private static final long ANY_ADDRESS = -1;
    private static final long MOST_DEVFN = 0xFF;

    private DeviceArguments() {}

    /** {@return whether every function has a property of that name} */
    public static boolean isCommon(String property) {
        return property.equals(ADDRESS) || WITHOUT_EFFECT.contains(property);
    }

    /** {@return whether a device may have this id; empty is none} */
    public static boolean isIdentifier(String id) {
        return id.isEmpty() || IDENTIFIER.matcher(id).matches();
    }

    /**
     * {@return a request}
     *
     * @param type device type
     * @param arguments all that was said; {@code id}, {@code bus} and {@code addr} among the properties
     */
    public static DeviceRequest request(String type, Map<String, String> arguments) {
        Map<String, String> properties = new LinkedHashMap<>(arguments);
        String id = take(properties, "id");
        String bus = take(properties, "bus");
        WITHOUT_EFFECT.forEach(properties::remove);
        return new DeviceRequest(type, id, bus, address(take(properties, ADDRESS)), properties);
    }

    /**
     * {@return what a JSON object says, as text} A number as the address of a function is device and function in one,
     * where text has them in two parts.
     *
     * @throws IllegalArgumentException if a value is no text, number or boolean; the message names its key
     */
    public static Map<String, String> ofJson(Map<?, ?> object) {
        Map<String, String> arguments = new LinkedHashMap<>();
        object.forEach((key, value) -> {
            try {
                arguments.put(key.toString(), key.equals(ADDRESS) && value instanceof Long devfn
                        ? address(devfn)
                        : Json.asOptionText(value));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("Invalid parameter '%s': %s".formatted(key, e.getMessage()), e);
            }
        });
        return arguments;
    }

    /** {@return what the JSON object in an option says, as text} */
    static Map<String, String> ofJson(String option, String text) throws CommandLineException {
        try {
            if (Json.parse(text) instanceof Map<?, ?> object) {
                return ofJson(object);
            }
        } catch (JsonException | IllegalArgumentException e) {
            throw new CommandLineException("%s %s: %s".formatted(option, text, e.getMessage()));
        }
        throw new CommandLineException("%s %s: expected a JSON object".formatted(option, text));
    }

    private static String address(long devfn) {
        if (devfn == ANY_ADDRESS) {
            return "";
        }
        if (devfn < 0 || devfn > MOST_DEVFN) {
            throw new IllegalArgumentException(
                    "expected a number from 0 to %d, device * 8 + function, or %d for any; not %d"
                            .formatted(MOST_DEVFN, ANY_ADDRESS, devfn));
        }
        return "%02x.%x".formatted(devfn >>> 3, devfn & 7);
    }

    /** Device and function numbers are hexadecimal, with or without a prefix. */
    private static String address(String text) {
        return PREFIX.matcher(text).replaceAll("$1");
    }

    private static String take(Map<String, String> properties, String key) {
        String value = properties.remove(key);
        return value == null ? "" : value;
    }
}
