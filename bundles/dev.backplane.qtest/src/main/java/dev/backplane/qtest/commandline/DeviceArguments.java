package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import java.util.LinkedHashMap;
import java.util.Map;

/** Makes requests of what {@code -device} and {@code device_add} say. */
public final class DeviceArguments {
    private DeviceArguments() {}

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
        return new DeviceRequest(type, id, bus, address(take(properties, "addr")), properties);
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
