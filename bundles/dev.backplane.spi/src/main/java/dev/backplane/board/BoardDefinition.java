package dev.backplane.board;

import java.util.List;
import java.util.Map;

/**
 * What a user wants a board to be. As configuration it is a Config Admin factory configuration of {@link #FACTORY_PID}
 * with the properties {@code board.name}, {@code board.machine}, {@code board.options} (array of {@code key=value}) and
 * {@code board.devices} (array of {@code type,key=value,…}). Immutable.
 *
 * @param name name of the board, unique in the framework
 * @param machine machine type, for example {@code virt}
 * @param options machine options as users write them
 * @param devices devices to plug after those of the machine, in this order
 */
public record BoardDefinition(
        String name, String machine, Map<String, String> options, List<DeviceRequest> devices) {

    /** PID of the factory configurations that define boards. */
    public static final String FACTORY_PID = "backplane.board";

    /** Copies the collections. */
    public BoardDefinition {
        options = Map.copyOf(options);
        devices = List.copyOf(devices);
    }
}
