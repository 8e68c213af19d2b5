package dev.backplane.core.msi;

import dev.backplane.core.pci.PciFunction;
import dev.backplane.memory.Epochs;

/**
 * A vector of an emulated function as an event: it goes through the accelerator while a route is in place, and as a
 * write of the function otherwise, which a masked vector makes pending. Stays the same over the models in the slot.
 * Thread-safe.
 */
final class VectorEvent extends ListenedEvent {
    private final PciFunction function;
    private final int number;
    private final Epochs epochs;
    private final RoutedVector msi;
    private final RoutedVector msix;

    VectorEvent(PciFunction function, int number, Epochs epochs, RoutedVector msi, RoutedVector msix) {
        this.function = function;
        this.number = number;
        this.epochs = epochs;
        this.msi = msi;
        this.msix = msix;
    }

    @Override
    public void signal() {
        count();
        if (function.mayStart()) {
            RoutedVector routed = function.usesMsix() ? msix : msi;
            if (routed == null || !routed.signal()) {
                function.send(epochs.context(), number);
            }
        }
        wake();
    }

    /** The event is the slot's, not its user's: nothing happens. */
    @Override
    public void close() {}
}
