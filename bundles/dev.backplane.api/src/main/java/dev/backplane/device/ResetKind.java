package dev.backplane.device;

/** How far a reset reaches. */
public enum ResetKind {
    /** Power-on or system reset: everything but guest RAM. */
    COLD,
    /** Hot reset of a PCI bus: functions below the bridge. */
    BUS,
    /** Function Level Reset (PCIe 6.6.2): one function. */
    FUNCTION_LEVEL
}
