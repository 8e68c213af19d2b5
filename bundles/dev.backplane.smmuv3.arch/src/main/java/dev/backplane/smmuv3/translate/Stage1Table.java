package dev.backplane.smmuv3.translate;

/**
 * One half of a stage 1 address space: TTB0 or TTB1 with what CD.TCR says of it. Immutable.
 *
 * @param geometry shape of the tables
 * @param topByteIgnored TBIx: input address bits [63:56] are ignored
 * @param hierarchicalDisabled HADx: APTable, PXNTable and UXNTable are ignored
 * @param unprivilegedDisabled E0PDx: unprivileged access is a Translation fault
 */
public record Stage1Table(
        TableGeometry geometry, boolean topByteIgnored, boolean hierarchicalDisabled, boolean unprivilegedDisabled) {}
