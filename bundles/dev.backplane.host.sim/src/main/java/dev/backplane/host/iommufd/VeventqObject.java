package dev.backplane.host.iommufd;

import dev.backplane.hostiommu.VeventQueue;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;

/** Events of a vIOMMU. It has a lock of its own: events come whatever happens to objects. */
final class VeventqObject extends IommufdObject implements VeventQueue {
    private static final int SEQUENCE_MASK = Integer.MAX_VALUE;

    private final ViommuObject viommu;
    private final int depth;
    private final Object lock = new Object();
    private final Queue<Vevent> events = new ArrayDeque<>();
    /** The first event that was lost since the last one that was not, or null. */
    private Vevent.Lost lost;

    private int next;
    private long lostEvents;
    private Runnable listener;

    VeventqObject(ViommuObject viommu, int depth) {
        super(viommu.file, "veventq", viommu);
        this.viommu = viommu;
        this.depth = depth;
    }

    void put(long[] record) {
        Runnable told;
        synchronized (lock) {
            int sequence = next;
            next = next + 1 & SEQUENCE_MASK;
            if (events.size() >= depth) {
                lostEvents++;
                if (lost == null) {
                    lost = new Vevent.Lost(sequence);
                }
            } else {
                // What was lost before comes before it, in the order of the sequence numbers.
                flushLost();
                events.add(new Vevent.Event(sequence, record));
            }
            told = listener;
        }
        if (told != null) {
            told.run();
        }
    }

    private void flushLost() {
        if (lost != null) {
            events.add(lost);
            lost = null;
        }
    }

    @Override
    public void onReadable(Runnable newListener) {
        boolean readable;
        synchronized (lock) {
            listener = newListener;
            readable = !events.isEmpty() || lost != null;
        }
        if (newListener != null && readable) {
            newListener.run();
        }
    }

    @Override
    public Optional<Vevent> read() {
        synchronized (lock) {
            if (events.isEmpty()) {
                flushLost();
            }
            return Optional.ofNullable(events.poll());
        }
    }

    @Override
    void release() {
        viommu.removeEvents();
        synchronized (lock) {
            listener = null;
            events.clear();
            lost = null;
        }
    }

    @Override
    String describe() {
        synchronized (lock) {
            return "%d of %d events, %d lost".formatted(events.size(), depth, lostEvents);
        }
    }
}
