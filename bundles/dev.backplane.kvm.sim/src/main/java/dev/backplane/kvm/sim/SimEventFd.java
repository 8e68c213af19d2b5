package dev.backplane.kvm.sim;

import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;

/**
 * An event. What is signalled while it injects nothing and wakes nobody is kept, as the count of an eventfd that nobody
 * reads. A signal takes no lock and allocates nothing. Thread-safe.
 */
final class SimEventFd implements EventFd {
    private final LongAdder signals = new LongAdder();
    private final AtomicReference<Irqfd> irqfd = new AtomicReference<>();
    private final AtomicBoolean kept = new AtomicBoolean();
    private volatile Runnable listener;
    private volatile boolean closed;

    @Override
    public void signal() {
        if (closed) {
            return;
        }
        signals.increment();
        Runnable woken = listener;
        if (!fire(irqfd.get()) && woken == null) {
            kept.set(true);
            injectKept();
        }
        if (woken != null) {
            woken.run();
        }
    }

    private static boolean fire(Irqfd injects) {
        return injects != null && injects.fire();
    }

    /** Whoever finds both a signal that is kept and what it is to inject takes the signal. */
    void injectKept() {
        Irqfd injects = irqfd.get();
        while (injects != null && kept.getAndSet(false) && !injects.fire()) {
            kept.set(true);
            injects = irqfd.get();
        }
    }

    @Override
    public boolean take() {
        return kept.getAndSet(false);
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
        kept.set(false);
        Irqfd gone = irqfd.getAndSet(null);
        if (gone != null) {
            gone.closed();
        }
    }
}
