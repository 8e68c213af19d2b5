package dev.backplane.board;

import java.util.Map;

/**
 * A user's wish for a device, as {@code -device} or {@code board:plug} gives it. Immutable.
 *
 * @param deviceType device type
 * @param id name the user wants for it, or {@code ""} for one that the board makes
 * @param bus name of the PCI bus, or {@code ""} for the default
 * @param address device and function number on the bus, such as {@code 03.0}, or {@code ""} for the next free one
 * @param properties further properties as the user wrote them
 */
public record DeviceRequest(
        String deviceType, String id, String bus, String address, Map<String, String> properties) {
    /** Copies the properties. */
    public DeviceRequest {
        properties = Map.copyOf(properties);
    }
}
