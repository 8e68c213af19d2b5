package dev.backplane.hostpci;

import dev.backplane.hostpci.HostPciDevice.Region;
import java.util.List;

/**
 * A host device as the host knows it without opening it (its directory below {@code /sys/bus/pci/devices}). Immutable.
 *
 * @param address address on the host, for example {@code 0000:01:00.0}
 * @param config configuration space, 256 or 4096 bytes, as it is now
 * @param regions regions by index, absent ones with size 0
 */
public record HostPciFunction(String address, byte[] config, List<Region> regions) {

    /** Copies array and list. */
    public HostPciFunction {
        config = config.clone();
        regions = List.copyOf(regions);
    }

    @Override
    public byte[] config() {
        return config.clone();
    }
}
