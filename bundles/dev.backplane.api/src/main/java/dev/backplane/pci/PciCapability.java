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
 * @param offset where it is in configuration space, a multiple of 4: 0x40 to 0xFC, or 0x100 to 0xFFC for an extended
 *     one; 0 for wherever there is room. For devices whose registers software expects at certain places; a device of the
 *     host keeps its own, and its accesses pass to it
 */
public record PciCapability(int id, boolean extended, int version, byte[] reset, byte[] writable, int offset) {

    /** Makes a capability that goes wherever there is room. */
    public PciCapability(int id, boolean extended, int version, byte[] reset, byte[] writable) {
        this(id, extended, version, reset, writable, 0);
    }

    /**
     * Copies the arrays.
     *
     * @throws IllegalArgumentException if the arrays differ in length, or the offset is none for such a capability
     */
    public PciCapability {
        if (reset.length != writable.length) {
            throw new IllegalArgumentException("capability 0x%x: %d bytes of reset values, %d of write masks"
                    .formatted(id, reset.length, writable.length));
        }
        if (offset != 0
                && ((offset & 3) != 0 || offset < (extended ? 0x100 : 0x40) || offset > (extended ? 0xFFC : 0xFC))) {
            throw new IllegalArgumentException("capability 0x%x at 0x%x: expected a multiple of 4, %s"
                    .formatted(id, offset, extended ? "0x100 to 0xffc" : "0x40 to 0xfc"));
        }
        reset = reset.clone();
        writable = writable.clone();
    }
}
