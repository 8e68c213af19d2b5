package dev.backplane.core.board;

import dev.backplane.core.slot.Deadline;
import java.time.Duration;

/**
 * How long things may take.
 *
 * @param callback one control callback of a model
 * @param departure all slots of a bundle that stops, together
 */
record Limits(Duration callback, Duration departure) {
    static final Limits DEFAULT = new Limits(Deadline.CALLBACK, Deadline.DEPARTURE);

    /** How long transactions are held at a parked slot, unless the machine has an option for it. */
    static final Duration SLOT_TIMEOUT = Duration.ofSeconds(2);

    Deadline forCallbacks() {
        return Deadline.each(callback);
    }

    Deadline forDeparture() {
        return Deadline.total(callback, departure);
    }
}
