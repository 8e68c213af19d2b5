package dev.backplane.device;

import dev.backplane.memory.MmioRegion;
import java.util.List;

/**
 * What a platform device declares to the board.
 *
 * @param regions register regions, mapped by the board by name
 * @param lines names of output lines, wired by the board by name, in the device's documented order
 */
public record PlatformDescription(List<MmioRegion> regions, List<String> lines) {
    /** Copies the lists. */
    public PlatformDescription {
        regions = List.copyOf(regions);
        lines = List.copyOf(lines);
    }
}
