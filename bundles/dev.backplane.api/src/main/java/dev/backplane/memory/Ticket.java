package dev.backplane.memory;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The claim on a transaction that is held by the engine. The engine performs the transaction again, whole, when the
 * reason to hold it is gone, or ends it as a fault. Thread-safe.
 */
@ProviderType
public interface Ticket {

    /** Receives the end of a held transaction. */
    @FunctionalInterface
    interface Completion {
        /**
         * Called once, on a thread of the engine outside every device lock; or on the thread that asks, under whatever
         * lock it holds, when the transaction has ended before {@link #whenDone} is called.
         *
         * @param context context of the calling thread, for further transactions; {@link TransactionContext#data()}
         *     holds the data of a scalar read
         * @param result how the transaction ended; never {@link TransactionResult.Pending}
         */
        void completed(TransactionContext context, TransactionResult result);
    }

    /** {@return how the transaction ended, or empty while it is held} */
    Optional<TransactionResult> result();

    /**
     * Asks to be called when the transaction ends; at once, on the caller's thread, if it already has.
     *
     * @param completion called exactly once unless the ticket is cancelled first
     */
    void whenDone(Completion completion);

    /**
     * Gives the transaction up: it will not be performed and no completion is called. A device that is being parked
     * cancels its tickets and saves the transfers as not yet done.
     *
     * @return whether the transaction was still held; {@code false} if it had ended or is just being performed again: it
     *     then ends soon, its completion is called, and it is not held once more
     */
    boolean cancel();
}
