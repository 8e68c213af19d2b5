package dev.backplane.smmuv3.translate;

/**
 * Invalidates what a {@link SmmuTranslator} has cached, as the CMD_CFGI_* and CMD_TLBI_* commands ask (IHI 0070
 * sections 4.3 and 4.4). When a method has returned and then a grace period has passed ({@link
 * dev.backplane.memory.Epochs#synchronize}, which CMD_SYNC waits for), no transaction uses what it named. Until then a
 * transaction may: a walk that was under way can store its result and withdraws it before it ends. More than what is
 * named may go.
 *
 * <p>Called concurrently with translation and with one another. VMIDs are ignored when stage 2 is not supported.
 * IDs may have any value; what does not exist matches nothing.
 */
public interface Invalidation {

    /** CMD_CFGI_STE: the STE of a stream and its CDs. */
    void streamTableEntry(int streamId);

    /**
     * CMD_CFGI_STE_RANGE: the STEs and CDs of 2^(range+1) streams.
     *
     * @param range 0 to 31, 31 names all streams (CMD_CFGI_ALL)
     */
    void streamTableEntries(int streamId, int range);

    /** CMD_CFGI_CD: one CD of a stream. */
    void contextDescriptor(int streamId, int substreamId);

    /** CMD_CFGI_CD_ALL: all CDs of a stream. */
    void contextDescriptors(int streamId);

    /** CMD_CFGI_ALL: everything that is no TLB entry. */
    void allConfiguration();

    /** CMD_TLBI_NSNH_ALL: all TLB entries. */
    void tlb();

    /** CMD_TLBI_S12_VMALL: all TLB entries of a VMID, stage 1 and stage 2. */
    void tlbOfVmid(int vmid);

    /** CMD_TLBI_NH_ALL: all TLB entries of a VMID that involve stage 1. */
    void tlbStage1OfVmid(int vmid);

    /** CMD_TLBI_NH_ASID: all TLB entries of an ASID of a VMID. */
    void tlbOfAsid(int vmid, int asid);

    /** CMD_TLBI_NH_VA: TLB entries of an ASID, and global ones, by input address. */
    void tlbOfVa(int vmid, int asid, TlbRange range);

    /** CMD_TLBI_NH_VAA: TLB entries of all ASIDs of a VMID by input address. */
    void tlbOfVaAllAsids(int vmid, TlbRange range);

    /**
     * CMD_TLBI_S2_IPA: stage 2 TLB entries of a VMID by IPA. Entries that combine both stages go with all of their
     * VMID, so no CMD_TLBI_NH_* is needed after it.
     */
    void tlbOfIpa(int vmid, TlbRange range);
}
