package dev.backplane.core.board;

import dev.backplane.board.DeviceRequest;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads devices and options as users write them: {@code type,key=value,…} and {@code key=value}. */
final class DeviceArguments {
    private DeviceArguments() {}

    /**
     * {@return the request that a text means; {@code id}, {@code bus} and {@code addr} are the request's own}
     *
     * @throws IllegalArgumentException if a part is no {@code key=value}, or a key comes twice
     */
    static DeviceRequest device(String text) {
        String[] parts = text.split(",");
        String type = parts[0].strip();
        if (type.isEmpty() || type.contains("=")) {
            throw new IllegalArgumentException("device '%s': expected type,key=value,… with the type first"
                    .formatted(text));
        }
        Map<String, String> properties = new LinkedHashMap<>();
        for (int i = 1; i < parts.length; i++) {
            put(properties, parts[i], "device " + type);
        }
        String id = take(properties, "id");
        String bus = take(properties, "bus");
        String address = take(properties, "addr");
        return new DeviceRequest(type, id, bus, address, properties);
    }

    /**
     * {@return options by name}
     *
     * @throws IllegalArgumentException as for {@link #device}
     */
    static Map<String, String> options(String... texts) {
        Map<String, String> options = new LinkedHashMap<>();
        for (String text : texts) {
            put(options, text, "machine option");
        }
        return options;
    }

    private static void put(Map<String, String> into, String text, String owner) {
        int at = text.indexOf('=');
        if (at <= 0) {
            throw new IllegalArgumentException("%s: '%s': expected key=value".formatted(owner, text));
        }
        String key = text.substring(0, at).strip();
        if (into.put(key, text.substring(at + 1).strip()) != null) {
            throw new IllegalArgumentException("%s: '%s' is given twice".formatted(owner, key));
        }
    }

    private static String take(Map<String, String> properties, String key) {
        String value = properties.remove(key);
        return value == null ? "" : value;
    }
}
