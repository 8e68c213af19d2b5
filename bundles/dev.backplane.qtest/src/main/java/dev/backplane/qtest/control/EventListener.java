package dev.backplane.qtest.control;

import java.util.Map;

/** Receives what happens to a machine. */
@FunctionalInterface
public interface EventListener {
    /**
     * Something happened.
     *
     * @param event name of the event, as QMP spells it
     * @param data its data; empty for none
     */
    void happened(String event, Map<String, Object> data);
}
