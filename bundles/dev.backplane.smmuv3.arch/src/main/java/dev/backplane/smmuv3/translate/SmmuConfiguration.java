package dev.backplane.smmuv3.translate;

/**
 * A snapshot of the registers that translation depends on. Immutable; the SMMU hands a new one over whenever an update
 * of one of these registers takes effect.
 *
 * @param enabled CR0.SMMUEN
 * @param gbpa SMMU_GBPA, which governs transactions while {@code enabled} is off
 * @param streamTableBase STRTAB_BASE.ADDR in place, bits [55:6]
 * @param streamTableLog2Size STRTAB_BASE_CFG.LOG2SIZE
 * @param streamTableSplit STRTAB_BASE_CFG.SPLIT as written; a reserved value behaves as 6
 * @param twoLevel STRTAB_BASE_CFG.FMT is 1 (two-level)
 * @param recordInvalidStreamIds CR2.RECINVSID
 */
public record SmmuConfiguration(
        boolean enabled,
        int gbpa,
        long streamTableBase,
        int streamTableLog2Size,
        int streamTableSplit,
        boolean twoLevel,
        boolean recordInvalidStreamIds) {

    /** Reset: disabled, GBPA lets everything pass with incoming attributes (SHCFG = 1). */
    public static final SmmuConfiguration RESET = new SmmuConfiguration(false, 0x1000, 0, 0, 0, false, false);

    /** {@return the effective split of a two-level stream table: 6, 8 or 10} */
    public int split() {
        return streamTableSplit == 8 || streamTableSplit == 10 ? streamTableSplit : 6;
    }
}
