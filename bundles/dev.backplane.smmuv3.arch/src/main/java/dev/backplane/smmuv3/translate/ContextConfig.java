package dev.backplane.smmuv3.translate;

/** A decoded context descriptor (IHI 0070 section 5.4). */
public sealed interface ContextConfig {

    /**
     * The CD is invalid or ILLEGAL (C_BAD_CD).
     *
     * @param reason which rule it breaks
     */
    record Illegal(String reason) implements ContextConfig {}

    /**
     * A stage 1 address space.
     *
     * @param asid ASID
     * @param lower the half below, or null when EPD0 = 1
     * @param upper the half above, or null when EPD1 = 1
     * @param lowerTopByteIgnored TBI0, also when {@code lower} is null
     * @param upperTopByteIgnored TBI1, also when {@code upper} is null
     * @param accessFlagFaultDisabled AFFD
     * @param writeExecuteNever WXN
     * @param privilegedAccessNever PAN
     * @param mair MAIR1:MAIR0
     * @param record CD.R: record stage 1 faults
     * @param abort CD.A: abort on stage 1 faults, else RAZ/WI
     */
    record Stage1(
            int asid,
            Stage1Table lower,
            Stage1Table upper,
            boolean lowerTopByteIgnored,
            boolean upperTopByteIgnored,
            boolean accessFlagFaultDisabled,
            boolean writeExecuteNever,
            boolean privilegedAccessNever,
            long mair,
            boolean record,
            boolean abort)
            implements ContextConfig {

        /** {@return the input address with an ignored top byte replaced by copies of bit 55} */
        long canonical(long iova) {
            boolean ignored = (iova >>> 55 & 1) != 0 ? upperTopByteIgnored : lowerTopByteIgnored;
            return ignored ? iova << 8 >> 8 : iova;
        }
    }
}
