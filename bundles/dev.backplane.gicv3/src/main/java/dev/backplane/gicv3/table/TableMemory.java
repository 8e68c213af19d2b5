package dev.backplane.gicv3.table;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;

/**
 * The tables that software gives to a GIC, in aligned 64-bit entries. Only RAM answers, so an access under a lock never
 * reaches another device, whatever address software chose. Thread-safe.
 */
public final class TableMemory {
    private final DmaPort port;

    /** Makes a view of the memory behind a port. */
    public TableMemory(DmaPort port) {
        this.port = port;
    }

    /**
     * Loads an entry into {@link TransactionContext#data()}.
     *
     * @param address multiple of 8
     * @return whether memory answered
     */
    public boolean load(TransactionContext context, long address) {
        return isDone(port.load64(context, address));
    }

    /**
     * Stores an entry.
     *
     * @param address multiple of 8
     * @return whether memory answered
     */
    public boolean store(TransactionContext context, long address, long value) {
        if (!load(context, address)) {
            return false;
        }
        long found = context.data();
        while (found != value) {
            if (!isDone(port.compareAndExchange64(context, address, found, value))) {
                return false;
            }
            if (context.data() == found) {
                return true;
            }
            found = context.data();
        }
        return true;
    }

    private static boolean isDone(TransactionResult result) {
        if (result instanceof TransactionResult.Pending pending) {
            pending.ticket().cancel();
            return false;
        }
        return result.isDone();
    }
}
