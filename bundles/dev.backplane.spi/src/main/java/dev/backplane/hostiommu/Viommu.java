package dev.backplane.hostiommu;

import org.osgi.annotation.versioning.ProviderType;

/** A virtual IOMMU (vIOMMU) of type ARM_SMMUV3: a guest's slice of a physical SMMU. */
@ProviderType
public interface Viommu extends HostObject {

    /**
     * Allocates a nested page table from the guest's STE (IOMMU_HWPT_ALLOC of data type ARM_SMMUV3 on this vIOMMU). An
     * STE with V=0 aborts, and no event is recorded. Of one that is taken and ILLEGAL for the hardware (IHI 0070
     * section 5.2), such as one whose S1CDMax exceeds SSIDSIZE, the hardware records C_BAD_STE for each transaction
     * that meets it.
     *
     * @param device a device behind the same physical SMMU
     * @param ste0 STE bits 63:0; only V, Config, S1Fmt, S1ContextPtr and S1CDMax may be set
     * @param ste1 STE bits 127:64; only S1DSS, S1CIR, S1COR, S1CSH, S1STALLD and EATS may be set
     * @throws HostException EIO when V is 1 and another bit is set, Config is none of abort, bypass and stage 1, or
     *     EATS is neither 0 nor 1; ENOMEM
     */
    Hwpt allocateHwpt(IommufdDevice device, long ste0, long ste1) throws HostException;

    /**
     * Gives a device its StreamID in the guest (IOMMU_VDEVICE_ALLOC).
     *
     * @param device a device behind the same physical SMMU
     * @param virtualStreamId StreamID that the guest knows it by
     * @throws HostException EEXIST when the StreamID or the device is taken, EINVAL when the device is behind another
     *     SMMU or has not exactly one StreamID
     */
    HostObject allocateVdevice(IommufdDevice device, int virtualStreamId) throws HostException;

    /**
     * Carries out invalidation commands (IOMMU_HWPT_INVALIDATE of data type VIOMMU_ARM_SMMUV3), with VMID and StreamIDs
     * replaced by the host's. CMD_CFGI_CD, CMD_CFGI_CD_ALL, CMD_TLBI_NH_ASID, CMD_TLBI_NH_ALL, CMD_TLBI_NSNH_ALL,
     * CMD_TLBI_NH_VA, CMD_TLBI_NH_VAA and CMD_ATC_INV can be named; a reserved bit that is not zero is refused. When it
     * returns, what was handled is complete: the host has waited for its own CMD_SYNC.
     *
     * @param commands two 64-bit words per command
     * @param count number of commands, at least 1
     * @return how many were carried out, and why no more
     */
    Invalidated invalidate(long[] commands, int count);

    /**
     * Allocates a queue for the events of this vIOMMU (IOMMU_VEVENTQ_ALLOC).
     *
     * @param depth events that it holds, a power of two
     * @throws HostException EEXIST when the vIOMMU has one
     */
    VeventQueue allocateEventQueue(int depth) throws HostException;

    /**
     * How a batch of invalidations ended.
     *
     * @param handled commands carried out, from the first; the host works in batches of its own, so these are whole
     *     batches
     * @param error why it did not go on, or null when all were carried out: a command of the next batch was refused, not
     *     necessarily its first
     */
    record Invalidated(int handled, Errno error) {}
}
