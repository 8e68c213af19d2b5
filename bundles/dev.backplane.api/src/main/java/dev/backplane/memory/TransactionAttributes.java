package dev.backplane.memory;

/**
 * What travels beside the address of a transaction: the requester and the attributes that an IOMMU or an interrupt
 * controller decides by. Immutable; make one per requester and keep it, so that a transaction allocates nothing.
 *
 * @param requesterId PCIe Requester ID (bus, device, function), 0 to 0xFFFF, also the StreamID at the SMMU and the
 *     DeviceID at the ITS; {@link #NO_REQUESTER} for initiators that are no PCI function
 * @param substreamId SubstreamID (PASID), 0 to 0xFFFFF, or {@link #NO_SUBSTREAM} when the transaction has none
 *     (SSV = 0)
 * @param privileged PnU: the access is privileged (IHI 0070 section 3.24); PCIe traffic without PASID is not
 * @param instruction InD: the access fetches instructions
 * @param processor number of the processor that makes the access, 0 to 0xFFFF, by which interrupt controllers tell whose
 *     banked register is meant; 0 for initiators that are none
 */
public record TransactionAttributes(
        int requesterId, int substreamId, boolean privileged, boolean instruction, int processor) {
    /** The requester ID of initiators that are no PCI function. */
    public static final int NO_REQUESTER = -1;

    /** The SubstreamID of a transaction that has none. */
    public static final int NO_SUBSTREAM = -1;

    /** Attributes of an initiator that is no PCI function: a CPU, a shell, an SMMU that walks tables. */
    public static final TransactionAttributes NONE =
            new TransactionAttributes(NO_REQUESTER, NO_SUBSTREAM, true, false);

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if an ID is outside its range
     */
    public TransactionAttributes {
        if (requesterId < NO_REQUESTER || requesterId > 0xFFFF) {
            throw new IllegalArgumentException(
                    "requester ID 0x%x is out of range: expected 0x0 to 0xffff".formatted(requesterId));
        }
        if (substreamId < NO_SUBSTREAM || substreamId > 0xFFFFF) {
            throw new IllegalArgumentException(
                    "SubstreamID 0x%x is out of range: expected 0x0 to 0xfffff".formatted(substreamId));
        }
        if (processor < 0 || processor > 0xFFFF) {
            throw new IllegalArgumentException(
                    "processor %d is out of range: expected 0 to 65535".formatted(processor));
        }
    }

    /** Makes attributes of an access that processor 0 makes, or none. */
    public TransactionAttributes(int requesterId, int substreamId, boolean privileged, boolean instruction) {
        this(requesterId, substreamId, privileged, instruction, 0);
    }

    /** {@return attributes of plain PCIe traffic of one requester: no PASID, unprivileged, data} */
    public static TransactionAttributes ofRequester(int requesterId) {
        return new TransactionAttributes(requesterId, NO_SUBSTREAM, false, false);
    }

    /** {@return these attributes with a SubstreamID (PASID)} */
    public TransactionAttributes withSubstream(int substream) {
        return new TransactionAttributes(requesterId, substream, privileged, instruction, processor);
    }

    /** {@return these attributes with PnU set as given} */
    public TransactionAttributes withPrivileged(boolean isPrivileged) {
        return new TransactionAttributes(requesterId, substreamId, isPrivileged, instruction, processor);
    }

    /** {@return these attributes with InD set as given} */
    public TransactionAttributes withInstruction(boolean isInstruction) {
        return new TransactionAttributes(requesterId, substreamId, privileged, isInstruction, processor);
    }

    /** {@return these attributes as those of an access that a processor makes} */
    public TransactionAttributes withProcessor(int number) {
        return new TransactionAttributes(requesterId, substreamId, privileged, instruction, number);
    }

    /** {@return whether the transaction carries a SubstreamID (SSV = 1)} */
    public boolean hasSubstream() {
        return substreamId != NO_SUBSTREAM;
    }

    /** {@return whether the initiator is a PCI requester} */
    public boolean hasRequester() {
        return requesterId != NO_REQUESTER;
    }
}
