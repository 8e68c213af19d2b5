package dev.backplane.board;

/**
 * The host bridge of a PCI segment and its root bus {@code pcie.0}. Expander bridges ({@code pxb-pcie}) add root buses to
 * the same segment.
 *
 * @param name name of the root bus, for example {@code pcie.0}
 * @param ecamBase guest-physical address of the ECAM window
 * @param buses number of buses that the ECAM window covers, 1 to 256
 * @param io window of I/O space; its addresses are guest-physical, bus addresses start at 0
 * @param memory32 window of 32-bit memory; bus addresses equal guest-physical ones
 * @param memory64 window of 64-bit memory, or null for none
 * @param interruptController slot of the controller that takes INTA to INTD
 * @param firstIntid INTID of INTA; INTB to INTD follow
 * @param bypassesIommu whether functions below the root bus reach memory directly, even if an IOMMU is attached to it
 */
public record RootBusDefinition(
        String name,
        long ecamBase,
        int buses,
        Window io,
        Window memory32,
        Window memory64,
        String interruptController,
        int firstIntid,
        boolean bypassesIommu) {

    /** Makes a definition of a root bus that takes an IOMMU. */
    public RootBusDefinition(
            String name,
            long ecamBase,
            int buses,
            Window io,
            Window memory32,
            Window memory64,
            String interruptController,
            int firstIntid) {
        this(name, ecamBase, buses, io, memory32, memory64, interruptController, firstIntid, false);
    }

    /**
     * A window of guest-physical addresses.
     *
     * @param base first address
     * @param size bytes
     */
    public record Window(long base, long size) {}
}
