package dev.backplane.pci;

/**
 * A capability structure of configuration space, beyond those that the engine makes itself (MSI, MSI-X, PCI Express,
 * Power Management).
 *
 * @param id capability ID (PCI-SIG Code and ID Assignment)
 * @param extended whether it is an extended capability, at 0x100 or above
 * @param version version of an extended capability, 1 to 15; 0 otherwise
 * @param reset bytes after the header (two bytes, four for extended ones) after reset
 * @param writable a one for each bit that software may write; as long as {@code reset}
 */
public record PciCapability(int id, boolean extended, int version, byte[] reset, byte[] writable) {

    /**
     * Copies the arrays.
     *
     * @throws IllegalArgumentException if the arrays differ in length
     */
    public PciCapability {
        if (reset.length != writable.length) {
            throw new IllegalArgumentException("capability 0x%x: %d bytes of reset values, %d of write masks"
                    .formatted(id, reset.length, writable.length));
        }
        reset = reset.clone();
        writable = writable.clone();
    }
}
