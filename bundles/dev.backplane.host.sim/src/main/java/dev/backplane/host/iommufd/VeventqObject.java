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
    /** The newest event if it was lost, or null. */
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
                lost = new Vevent.Lost(sequence);
            } else {
                // What was lost before it shows in its number.
                lost = null;
                events.add(new Vevent.Event(sequence, record));
            }
            told = listener;
        }
        if (told != null) {
            told.run();
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
            Vevent next = events.poll();
            if (next == null) {
                next = lost;
                lost = null;
            }
            return Optional.ofNullable(next);
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
