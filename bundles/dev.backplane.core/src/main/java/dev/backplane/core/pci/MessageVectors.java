package dev.backplane.core.pci;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;

/**
 * A function's message-signalled interrupts (PCIe 6.1.4): vectors with address, data, mask and pending bit. A message
 * is a write of the function; it is started after the monitor is left. Thread-safe.
 */
sealed interface MessageVectors permits MsiCapability, MsixTable {

    /** {@return number of vectors that the function has} */
    int vectors();

    /** {@return whether software enabled them} */
    boolean isEnabled();

    /** {@return how many software may use: all, or those that it allocated of MSI; 0 unless enabled} */
    int enabledVectors();

    /** {@return the message of a vector, or null unless software has enabled it and does not mask it} */
    Message message(int vector);

    /** Sends a vector, or makes it pending if it is masked; nothing happens while not enabled. Allocates nothing. */
    TransactionResult send(TransactionContext context, DmaPort port, int vector);

    /** Sends what is pending and no longer masked. */
    void flush(TransactionContext context, DmaPort port);
}
