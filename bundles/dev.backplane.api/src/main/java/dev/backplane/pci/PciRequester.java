package dev.backplane.pci;

/**
 * A function as an IOMMU sees it.
 *
 * @param address its own address
 * @param alias the address whose requester ID its transactions carry upstream: its own, or that of a bridge to
 *     conventional PCI
 * @param deviceType device type, for example {@code edu}; {@code ""} for a bare requester of a shell or a test
 * @param kind what kind of function it is
 */
public record PciRequester(Bdf address, Bdf alias, String deviceType, Kind kind) {

    /** Kinds of functions, as far as an IOMMU distinguishes them. */
    public enum Kind {
        /** An endpoint that is modelled here. */
        EMULATED_ENDPOINT,
        /** A host device that is assigned to the board. */
        ASSIGNED_ENDPOINT,
        /** A host device that is assigned to the board without an iommufd, so the board cannot nest its translation. */
        ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD,
        /** A root port, switch port or PCI bridge. */
        BRIDGE,
        /** The host bridge of a root bus, or the expander ({@code pxb-pcie}) that provides one. */
        ROOT
    }
}
