package dev.backplane.device;

/** Phases of a reset; all affected devices pass one before any enters the next. */
public enum ResetPhase {
    /** Forget own state; no call-outs. */
    ENTER,
    /** Drive outputs to their reset level. */
    HOLD,
    /** Leave reset; the place where an IOMMU drops its configuration, after DMA went quiet. */
    EXIT
}
