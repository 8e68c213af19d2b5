package dev.backplane.board;

import java.util.Map;

/**
 * The board's lasting identity for a device. Immutable.
 *
 * @param name name, unique on the board, for example {@code smmu0}
 * @param deviceType device type that fills it, for example {@code arm-smmuv3}
 * @param properties properties that differ from the defaults, wiring ones included
 * @param placement where the device sits
 * @param userCreated whether a user asked for it (it may be unplugged), else the machine did
 */
public record SlotDefinition(
        String name, String deviceType, Map<String, Object> properties, Placement placement, boolean userCreated) {

    /** Copies the properties. */
    public SlotDefinition {
        properties = Map.copyOf(properties);
    }
}
