package dev.backplane.core.msi;

/** An event for boards without an accelerator: it wakes a listener and no more. Thread-safe. */
final class SoftEvent extends ListenedEvent {
    private volatile boolean closed;

    @Override
    public void signal() {
        if (!closed) {
            count();
            wake();
        }
    }

    @Override
    public void close() {
        closed = true;
        onSignal(null);
    }
}
