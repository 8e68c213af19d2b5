package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionContext;

/** Takes the events that translation makes. */
@FunctionalInterface
public interface EventSink {
    /**
     * Records an event. Called inside the epoch of the transaction, concurrently, under no lock of the translator; may
     * not block.
     *
     * @param context context of the thread whose transaction faulted
     * @param event what happened
     */
    void record(TransactionContext context, SmmuEvent event);
}
