package dev.backplane.core.msi;

import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.LongAdder;

/** An event of the engine's own, for boards without an accelerator: it wakes a listener. Thread-safe. */
final class SoftEvent implements EventFd {
    private final LongAdder signals = new LongAdder();
    private volatile Runnable listener;
    private volatile boolean closed;

    @Override
    public void signal() {
        if (closed) {
            return;
        }
        signals.increment();
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

    @Override
    public void close() {
        closed = true;
        listener = null;
    }
}
