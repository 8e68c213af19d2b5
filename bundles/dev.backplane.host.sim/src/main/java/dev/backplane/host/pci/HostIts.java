package dev.backplane.host.pci;

import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/** The host's ITS, as far as its devices can see it: a doorbell, and interrupts of the host behind it. Thread-safe. */
public final class HostIts {
    /** Host-physical address of the page that holds GITS_TRANSLATER. */
    public static final long DOORBELL_PAGE = 0x0809_0000L;

    /** Offset of GITS_TRANSLATER in its page (IHI 0069 section 12.18). */
    public static final int TRANSLATER = 0x40;

    private final LongAdder delivered = new LongAdder();
    private final LongAdder dropped = new LongAdder();

    /** A device with its ITT: what each of its events fires. Thread-safe. */
    final class Device {
        private final AtomicReferenceArray<EventFd> events;

        private Device(int count) {
            events = new AtomicReferenceArray<>(count);
        }

        /** Connects an event (MAPTI); null disconnects it (DISCARD). */
        void connect(int eventId, EventFd trigger) {
            events.set(eventId, trigger);
        }

        /**
         * Takes a write of the device to the doorbell.
         *
         * @return what it fires, or null when the event is not mapped
         */
        EventFd take(int eventId) {
            EventFd trigger = eventId >= 0 && eventId < events.length() ? events.get(eventId) : null;
            (trigger == null ? dropped : delivered).increment();
            return trigger;
        }
    }

    /** {@return a device with events from 0 up (MAPD)} */
    Device mapDevice(int events) {
        return new Device(events);
    }

    /** {@return writes that fired an interrupt} */
    public long delivered() {
        return delivered.sum();
    }

    /** {@return writes for which there was no event} */
    public long dropped() {
        return dropped.sum();
    }
}
