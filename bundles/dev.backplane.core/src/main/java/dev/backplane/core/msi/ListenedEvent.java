package dev.backplane.core.msi;

import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.LongAdder;

/** An event of the engine's own that counts its signals and wakes a listener. Thread-safe. */
abstract class ListenedEvent implements EventFd {
    private final LongAdder signals = new LongAdder();
    private volatile Runnable listener;

    final void count() {
        signals.increment();
    }

    final void wake() {
        Runnable woken = listener;
        if (woken != null) {
            woken.run();
        }
    }

    @Override
    public final void onSignal(Runnable next) {
        listener = next;
    }

    @Override
    public final long signals() {
        return signals.sum();
    }
}
