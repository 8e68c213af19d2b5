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

    /**
     * Records an event that may be merged with an earlier one (IHI 0070 section 7.3.1). Like {@link
     * #record(TransactionContext, SmmuEvent)}, which is what this does unless it is overridden.
     *
     * @param mergeable STE.MEV is 1: one record may stand for this event and an identical one
     */
    default void record(TransactionContext context, SmmuEvent event, boolean mergeable) {
        record(context, event);
    }
}
