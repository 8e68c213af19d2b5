package dev.backplane.memory;

import org.osgi.annotation.versioning.ProviderType;

/**
 * One thread's place in the engine: the epoch it is in, and the data bus on which scalar data (up to 8 bytes) travels.
 * It is passed along as a parameter so that the hot path needs neither a lock nor a thread-local. Confined to the
 * thread that it was made for; never keep one in a field that another thread reads.
 */
@ProviderType
public interface TransactionContext {

    /** {@return the data of the last scalar read in this context, zero-extended to 64 bits} */
    long data();

    /**
     * Puts the data of a scalar read on the bus; called by the target that answers the read.
     *
     * @param value zero-extended to 64 bits
     */
    void data(long value);
}
