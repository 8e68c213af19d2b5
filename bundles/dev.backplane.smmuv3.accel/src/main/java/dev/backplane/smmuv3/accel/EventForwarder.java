package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceLog;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.VeventQueue.Vevent;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.control.SmmuControl;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Brings the hardware's events into the guest's event queue, on the thread of the host that announces them. While it is
 * stopped they wait on the host. Thread-safe.
 */
final class EventForwarder {
    /** Numbers wrap after 2^31 - 1. */
    private static final int NUMBERS = Integer.MAX_VALUE;

    private static final long UNKNOWN = -1;

    private final Epochs epochs;
    private final Supplier<SmmuControl> control;
    private final FaultRecords records;
    private final Counters counters;
    private final DeviceLog log;
    // All below is guarded by this.
    private VeventQueue queue;
    /** Number of the next event, or {@link #UNKNOWN}. */
    private long next = UNKNOWN;

    EventForwarder(
            Epochs epochs,
            Supplier<SmmuControl> control,
            FaultRecords records,
            Counters counters,
            DeviceLog log) {
        this.epochs = epochs;
        this.control = control;
        this.records = records;
        this.counters = counters;
        this.log = log;
    }

    /** Forwards the events of a queue from now on, or none when it is null. */
    void serve(VeventQueue events) {
        VeventQueue before;
        synchronized (this) {
            before = queue;
            queue = events;
            if (events == null) {
                next = UNKNOWN;
            }
        }
        if (before != null && before != events) {
            before.onReadable(null);
        }
        if (events != null && before != events) {
            events.onReadable(this::drain);
        }
    }

    /** Stops; when this returns no event is under way, and the next one waits on the host. */
    void pause() {
        VeventQueue before;
        synchronized (this) {
            before = queue;
            queue = null;
        }
        if (before != null) {
            before.onReadable(null);
        }
    }

    private synchronized void drain() {
        while (queue != null) {
            Vevent event = queue.read().orElse(null);
            if (event == null) {
                return;
            }
            count(event);
            if (event instanceof Vevent.Event(int _, long[] words)) {
                deliver(words);
            }
        }
    }

    private void deliver(long[] words) {
        TransactionContext context = epochs.context();
        Optional<long[]> record = records.ofGuest(context, words);
        if (record.isPresent()) {
            boolean delivered = control.get().record(context, record.get());
            (delivered ? counters.events : counters.undelivered).increment();
        }
    }

    /**
     * Finds what is missing before an event, and says so once for each time that something went missing. Software is
     * not told: EVENTQ_PROD.OVFLG is for its own queue, and never to be seen of one that was not full (IHI 0070 section
     * 7.4).
     */
    private void count(Vevent event) {
        boolean lost = event instanceof Vevent.Lost;
        long missing = (next == UNKNOWN ? 0 : event.sequence() - next & NUMBERS) + (lost ? 1 : 0);
        next = event.sequence() + 1L & NUMBERS;
        if (missing != 0) {
            counters.lost.add(missing);
            counters.losses.increment();
            log.hostError(("events of the hardware were lost, %d up to event %d: the host's queue of %d was full, and "
                    + "software is not told").formatted(
                    missing, event.sequence() - (lost ? 0L : 1L) & NUMBERS, HostSlice.EVENT_DEPTH));
        }
    }

    /** {@return the number of the next event, -1 when none was seen; for a successor} */
    synchronized long position() {
        return next;
    }

    /** Goes on where a predecessor stopped. */
    synchronized void position(long number) {
        next = number;
    }
}
