package dev.backplane.firmware;

/** A fact for the firmware's tables. Immutable. */
public sealed interface FirmwareContribution {

    /**
     * Memory that devices behind an SMMU reach at its own address, so the guest must map it so (IORT RMR node, Arm DEN
     * 0049 section 3.1.1.5; device tree {@code iommu-addresses}).
     *
     * @param smmu slot of the SMMU; all StreamIDs of its root bus are meant
     * @param base first address, multiple of 64 KiB
     * @param length bytes, multiple of 64 KiB
     * @param purpose what is there, for a table
     */
    record ReservedMemoryRange(String smmu, long base, long length, String purpose) implements FirmwareContribution {}

    /**
     * An SMMU's number in the tables (IORT SMMUv3 node, Identifier).
     *
     * @param smmu slot of the SMMU
     * @param identifier the number
     * @param ats whether devices below its root bus may use ATS
     */
    record SmmuNode(String smmu, int identifier, boolean ats) implements FirmwareContribution {}
}
