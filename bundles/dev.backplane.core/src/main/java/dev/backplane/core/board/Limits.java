package dev.backplane.core.board;

import dev.backplane.core.slot.Deadline;
import java.time.Duration;

/**
 * How long things may take.
 *
 * @param callback one control callback of a model
 * @param departure all slots of a bundle that stops, together
 * @param transaction one callback of a model within a transaction; zero means for ever. Shorter than the others, so
 *     that a slot which closes waits for the thread that hangs no longer than until it is expelled
 * @param rehearses whether hand-overs are rehearsed before a gate closes
 */
record Limits(Duration callback, Duration departure, Duration transaction, boolean rehearses) {
    static final Limits DEFAULT = new Limits(Deadline.CALLBACK, Deadline.DEPARTURE, Duration.ofSeconds(2), true);

    /** How long transactions are held at a parked slot, unless the machine has an option for it. */
    static final Duration SLOT_TIMEOUT = Duration.ofSeconds(2);

    Limits withCallback(Duration limit) {
        return new Limits(limit, departure, transaction, rehearses);
    }

    Limits withTransaction(Duration limit) {
        return new Limits(callback, departure, limit, rehearses);
    }

    Deadline forCallbacks() {
        return Deadline.each(callback);
    }

    Deadline forDeparture() {
        return Deadline.total(callback, departure);
    }
}
