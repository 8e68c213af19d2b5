package dev.backplane.smmuv3.translate;

/** What was being translated when a fault occurred: field CLASS of event records, the ordinal is the encoding. */
public enum FaultClass {
    /** The address of a context descriptor. */
    CD,
    /** The address of a stage 1 translation table descriptor. */
    TT,
    /** The input address of the transaction. */
    IN
}
