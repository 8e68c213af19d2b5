package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
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

    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z][A-Za-z0-9._-]*");

    private static final String ADDRESS = "addr";

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

    /** Device and function numbers are hexadecimal, with or without a prefix. */
    private static String address(String text) {
        return text.replace("0x", "").replace("0X", "");
    }

    private static String take(Map<String, String> properties, String key) {
        String value = properties.remove(key);
        return value == null ? "" : value;
    }
}
