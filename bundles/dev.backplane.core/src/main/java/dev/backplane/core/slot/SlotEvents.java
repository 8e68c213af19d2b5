package dev.backplane.core.slot;

import java.util.Optional;
import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.FlightRecorder;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** What slots tell the flight recorder. Nothing is made while nobody records. */
final class SlotEvents {
    private SlotEvents() {}

    /**
     * Begins the event of a device that comes to a slot.
     *
     * @param resumes whether it takes kept state over
     * @return empty while nobody records: machines start with arrivals, and the recorder takes long to learn a type
     */
    static Optional<SlotEvent> arrival(boolean resumes) {
        return FlightRecorder.isInitialized() ? Arrivals.begin(resumes) : Optional.empty();
    }

    /**
     * A class that names event types in its code has the JVM load them when it is linked: not when a machine starts,
     * and not while the recorder prepares their superclass, which would end in a circle.
     */
    private static final class Arrivals {
        static Optional<SlotEvent> begin(boolean resumes) {
            SlotEvent event = resumes ? new Resume() : new Plug();
            event.begin();
            return Optional.of(event);
        }
    }

    /** Something that happened to a slot; it lasts from {@code begin} to {@code end}. */
    @Category({"Backplane", "Slots"})
    @StackTrace(false)
    abstract static class SlotEvent extends Event {
        @Label("Board")
        String board;

        @Label("Slot")
        String slot;

        @Label("Detail")
        @Description("Provider or reason")
        String detail;

        /** Ends the event and records it. */
        final void commit(DeviceSlot where, String about) {
            end();
            if (shouldCommit()) {
                board = where.host().board();
                slot = where.name();
                detail = about;
                commit();
            }
        }
    }

    /** A device got a slot that was empty, had failed, or was reset while nobody served. */
    @Name("dev.backplane.Plug")
    @Label("Device Plugged")
    static final class Plug extends SlotEvent {}

    /** A slot's device left; its state is kept. */
    @Name("dev.backplane.Park")
    @Label("Slot Parked")
    static final class Park extends SlotEvent {}

    /** A running device gave its slot to a successor. */
    @Name("dev.backplane.HandOver")
    @Label("Slot Handed Over")
    static final class HandOver extends SlotEvent {
        @Label("Gate Closed")
        @Description("How long transactions were held")
        @Timespan(Timespan.NANOSECONDS)
        long gateClosed;
    }

    /** A parked slot got a device that took the kept state over. */
    @Name("dev.backplane.Resume")
    @Label("Slot Resumed")
    static final class Resume extends SlotEvent {}

    /** A slot's device failed and was cut off. */
    @Name("dev.backplane.Failure")
    @Label("Slot Failed")
    static final class Failure extends SlotEvent {}
}
