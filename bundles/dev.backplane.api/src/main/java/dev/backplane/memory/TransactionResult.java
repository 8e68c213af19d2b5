package dev.backplane.memory;

/**
 * How a transaction ended, or that it will end later. Everything but {@link Pending} is a constant, so the usual
 * outcome allocates nothing.
 */
public sealed interface TransactionResult {

    /** {@return whether the transaction has completed without error} */
    default boolean isDone() {
        return this == Done.DONE;
    }

    /** The transaction completed; data of a scalar read is in {@link TransactionContext#data()}. */
    enum Done implements TransactionResult {
        /** The only value. */
        DONE
    }

    /** The transaction was terminated; its target may have seen a part of a block transfer, never more. */
    enum Fault implements TransactionResult {
        /** No region answers at the address (AXI DECERR, PCIe Unsupported Request). */
        DECODE_ERROR,
        /** The target refused: wrong size, wrong alignment, reserved space (AXI SLVERR, PCIe Completer Abort). */
        SLAVE_ERROR,
        /** An IOMMU terminated the transaction with an abort. */
        TRANSLATION_ABORT,
        /** The function's Bus Master Enable is 0 (PCIe 7.5.1.1.3), so it may not start the transaction. */
        BUS_MASTER_DISABLED,
        /** The transaction met a parked slot, and the slot's time-out passed. */
        SLOT_TIMEOUT,
        /** The device behind the target, or the initiator itself, has failed and was cut off. */
        DEVICE_FAILED
    }

    /**
     * The transaction is held by the engine and completes later: a stalled translation, or a parked slot.
     *
     * @param ticket tells when; the buffer of a block transfer belongs to the engine until then
     */
    record Pending(Ticket ticket) implements TransactionResult {}
}
