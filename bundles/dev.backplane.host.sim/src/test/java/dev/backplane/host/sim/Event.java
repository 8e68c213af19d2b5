package dev.backplane.host.sim;

import dev.backplane.irq.EventFd;

/** An event that counts. */
final class Event implements EventFd {
    private long signals;
    private Runnable listener;

    @Override
    public void signal() {
        Runnable woken;
        synchronized (this) {
            signals++;
            woken = listener;
        }
        if (woken != null) {
            woken.run();
        }
    }

    @Override
    public synchronized void onSignal(Runnable newListener) {
        listener = newListener;
    }

    @Override
    public synchronized long signals() {
        return signals;
    }

    @Override
    public void close() {
        // Nothing to free.
    }
}
