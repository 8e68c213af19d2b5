package dev.backplane.core.msi;

import dev.backplane.core.pci.PciFunction;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.Epochs;
import java.util.concurrent.atomic.LongAdder;

/**
 * A vector of an emulated function as an event: it goes through the accelerator while a route is in place, and as a write
 * of the function otherwise, which a masked vector makes pending. Stays the same over the models in the slot.
 * Thread-safe.
 */
final class VectorEvent implements EventFd {
    private final PciFunction function;
    private final int number;
    private final Epochs epochs;
    private final RoutedVector msi;
    private final RoutedVector msix;
    private final LongAdder signals = new LongAdder();
    private volatile Runnable listener;

    VectorEvent(PciFunction function, int number, Epochs epochs, RoutedVector msi, RoutedVector msix) {
        this.function = function;
        this.number = number;
        this.epochs = epochs;
        this.msi = msi;
        this.msix = msix;
    }

    @Override
    public void signal() {
        signals.increment();
        if (function.mayStart()) {
            RoutedVector routed = function.usesMsix() ? msix : msi;
            if (routed == null || !routed.signal()) {
                function.send(epochs.context(), number);
            }
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

    /** The event is the slot's, not its user's: nothing happens. */
    @Override
    public void close() {}
}
