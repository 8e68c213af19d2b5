package dev.backplane.memory;

/** What a transaction does to its target. Instruction fetches are reads with {@link TransactionAttributes#instruction}. */
public enum AccessKind {
    /** Data flows from the target to the initiator. */
    READ,
    /** Data flows from the initiator to the target. */
    WRITE;

    /** {@return whether this is {@link #READ}; the {@code RnW} bit of an SMMUv3 event record} */
    public boolean isRead() {
        return this == READ;
    }
}
