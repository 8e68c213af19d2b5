package dev.backplane.vm.capture;

import dev.backplane.pci.Bdf;

/**
 * A PCI function of a capture.
 *
 * @param address its address
 * @param vendorId Vendor ID
 * @param deviceId Device ID
 * @param config first 256 bytes of its configuration space
 */
public record FunctionImage(Bdf address, int vendorId, int deviceId, byte[] config) {
    private static final int HEADER_TYPE = 0x0E;
    private static final int SECONDARY_BUS = 0x19;

    /** Copies the bytes. */
    public FunctionImage {
        config = config.clone();
    }

    /** {@return whether it is a bridge with a bus below} */
    public boolean isBridge() {
        return (config[HEADER_TYPE] & 0x7F) == 1;
    }

    /** {@return the number of the bus below a bridge} */
    public int secondaryBus() {
        return config[SECONDARY_BUS] & 0xFF;
    }

    /** {@return 4 bytes of configuration space} */
    public int dword(int offset) {
        return config[offset] & 0xFF | (config[offset + 1] & 0xFF) << 8 | (config[offset + 2] & 0xFF) << 16
                | (config[offset + 3] & 0xFF) << 24;
    }
}
