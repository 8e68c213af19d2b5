package dev.backplane.kvm.sim;

import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/** An event. A signal takes no lock and allocates nothing. Thread-safe. */
final class SimEventFd implements EventFd {
    private final LongAdder signals = new LongAdder();
    private final AtomicReference<Irqfd> irqfd = new AtomicReference<>();
    private volatile Runnable listener;
    private volatile boolean closed;

    @Override
    public void signal() {
        if (closed) {
            return;
        }
        signals.increment();
        Irqfd injects = irqfd.get();
        if (injects != null) {
            injects.fire();
        }
        Runnable woken = listener;
        if (woken != null) {
            woken.run();
        }
    }

    @Override
    public void onSignal(Runnable next) {
        listener = next;
    }

    @Override
    public long signals() {
        return signals.sum();
    }

    /**
     * Sets what the event injects.
     *
     * @param next null for nothing
     * @return false when it injects something already
     */
    boolean inject(Irqfd next) {
        if (next == null) {
            irqfd.set(null);
            return true;
        }
        return !closed && irqfd.compareAndSet(null, next);
    }

    /** {@return what it injects, or null} */
    Irqfd irqfd() {
        return irqfd.get();
    }

    /** {@return the GSI that it injects, or -1} */
    int gsi() {
        Irqfd injects = irqfd.get();
        return injects == null ? -1 : injects.gsi();
    }

    @Override
    public void close() {
        closed = true;
        listener = null;
        Irqfd gone = irqfd.getAndSet(null);
        if (gone != null) {
            gone.closed();
        }
    }
}
