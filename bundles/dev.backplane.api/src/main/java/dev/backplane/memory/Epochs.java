package dev.backplane.memory;

import org.osgi.annotation.versioning.ProviderType;

/**
 * The grace periods of a board. Every transaction runs inside an epoch; whoever retires something that transactions
 * may be using makes it unreachable first, then waits for a grace period, then reuses it. Thread-safe.
 */
@ProviderType
public interface Epochs {

    /**
     * {@return the context of the calling thread} The same object for every call on one thread. Keep it for the length
     * of an operation and pass it along; looking it up costs a thread-local access.
     */
    TransactionContext context();

    /**
     * Waits until every transaction that was under way when this was called has ended, or is itself waiting here. The
     * caller's own transaction is excepted, so CMD_SYNC may be executed by a register write. The wait is bounded by the
     * length of a transaction.
     *
     * @param context context of the calling thread
     */
    void synchronize(TransactionContext context);
}
