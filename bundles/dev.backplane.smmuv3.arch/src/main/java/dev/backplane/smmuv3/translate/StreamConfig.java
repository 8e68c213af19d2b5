package dev.backplane.smmuv3.translate;

/** A decoded stream table entry (IHI 0070 section 5.2). */
public sealed interface StreamConfig {

    /**
     * The STE is invalid or ILLEGAL (C_BAD_STE).
     *
     * @param reason which rule it breaks
     */
    record Illegal(String reason) implements StreamConfig {}

    /** Config = 0b0xx: transactions abort, nothing is recorded. */
    record Abort() implements StreamConfig {}

    /**
     * Config = 0b100: transactions pass.
     *
     * @param overrides what happens to their attributes
     */
    record Bypass(AttributeOverrides overrides) implements StreamConfig {}

    /**
     * At least one stage translates.
     *
     * @param contexts where the CDs are, or null when stage 1 does not translate
     * @param stage2 stage 2, or null when it does not translate
     * @param vmid VMID that tags translations, 0 when stage 2 is not supported
     * @param overrides what happens to incoming attributes before translation
     */
    record Translate(ContextTablePointer contexts, Stage2Config stage2, int vmid, AttributeOverrides overrides)
            implements StreamConfig {}

    /**
     * Where the CDs of a stream are.
     *
     * @param address S1ContextPtr; an IPA when stage 2 translates
     * @param log2Count S1CDMax: log2 of the number of CDs; 0 when SubstreamIDs are not used
     * @param leafBits log2 of the CDs in a leaf of a two-level table (6 or 10), or 0 when the table is linear
     * @param defaultSubstream S1DSS with the reserved value replaced: 0 terminate, 1 bypass stage 1, 2 use CD 0
     */
    record ContextTablePointer(long address, int log2Count, int leafBits, int defaultSubstream) {}

    /**
     * Stage 2 of a stream.
     *
     * @param geometry shape of the tables
     * @param accessFlagFaultDisabled S2AFFD
     * @param protectedWalk S2PTW: stage 1 walks and CD fetches may not go to Device memory
     * @param record S2R: record stage 2 faults
     * @param forcedWriteBack S2FWB
     */
    record Stage2Config(
            TableGeometry geometry,
            boolean accessFlagFaultDisabled,
            boolean protectedWalk,
            boolean record,
            boolean forcedWriteBack) {}
}
