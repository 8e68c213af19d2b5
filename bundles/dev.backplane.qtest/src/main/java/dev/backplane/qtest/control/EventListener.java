package dev.backplane.qtest.control;

import java.util.Map;

/** Receives what happens to a machine. Whoever tells it must not be held up. */
@FunctionalInterface
public interface EventListener {
    /**
     * Something happened.
     *
     * @param event name of the event, as QMP spells it
     * @param data its data; empty for none
     */
    void happened(String event, Map<String, Object> data);

    /**
     * Waits until what happened has reached who wants to know.
     *
     * @param nanoTime when to give up, as {@link System#nanoTime} has it
     */
    default void awaitDelivery(long nanoTime) {}
}
