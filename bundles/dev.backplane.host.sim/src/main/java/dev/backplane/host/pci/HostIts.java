package dev.backplane.host.pci;

import dev.backplane.irq.EventFd;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;

/** The host's ITS, as far as its devices can see it: a doorbell, and interrupts of the host behind it. Thread-safe. */
public final class HostIts {
    /** Host-physical address of the page that holds GITS_TRANSLATER. */
    public static final long DOORBELL_PAGE = 0x0809_0000L;

    /** Offset of GITS_TRANSLATER in its page (IHI 0069 section 12.18). */
    public static final int TRANSLATER = 0x40;

    private final Map<Integer, AtomicReferenceArray<EventFd>> devices = new ConcurrentHashMap<>();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder dropped = new LongAdder();

    /** Gives a device an ITT (MAPD), with events from 0 up. */
    void mapDevice(int deviceId, int events) {
        devices.put(deviceId, new AtomicReferenceArray<>(events));
    }

    /** Connects an event of a device (MAPTI); null disconnects it. */
    void connect(int deviceId, int eventId, EventFd trigger) {
        devices.get(deviceId).set(eventId, trigger);
    }

    /**
     * Takes a write to the doorbell.
     *
     * @return what it fires, or null when the event is not mapped
     */
    EventFd take(int deviceId, int eventId) {
        AtomicReferenceArray<EventFd> events = devices.get(deviceId);
        EventFd trigger = events != null && eventId >= 0 && eventId < events.length() ? events.get(eventId) : null;
        (trigger == null ? dropped : delivered).increment();
        return trigger;
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
