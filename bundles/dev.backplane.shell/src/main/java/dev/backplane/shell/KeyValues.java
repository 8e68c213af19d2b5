package dev.backplane.shell;

import dev.backplane.board.DeviceRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads {@code key=value}. */
final class KeyValues {
    private KeyValues() {}

    static void put(Map<String, String> into, String text) {
        int equals = text.indexOf('=');
        if (equals <= 0) {
            throw new IllegalArgumentException("'%s': expected key=value, for example id=disk0".formatted(text));
        }
        String key = text.substring(0, equals);
        if (into.putIfAbsent(key, text.substring(equals + 1)) != null) {
            throw new IllegalArgumentException("'%s' is given twice".formatted(key));
        }
    }

    /**
     * {@return a wish for a device; {@code id}, {@code bus} and {@code addr} are the board's, the rest the device's}
     */
    static DeviceRequest request(String type, List<String> properties) {
        var values = new LinkedHashMap<String, String>();
        properties.forEach(property -> put(values, property));
        String id = take(values, "id");
        String bus = take(values, "bus");
        return new DeviceRequest(type, id, bus, take(values, "addr"), values);
    }

    private static String take(Map<String, String> values, String key) {
        String value = values.remove(key);
        return value == null ? "" : value;
    }
}
