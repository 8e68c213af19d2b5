package dev.backplane.vfio;

import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;

/**
 * Brings the pin of a host device to the board where no accelerator does: it is asserted when it fires and until
 * software accesses a register of the device; unmasked then, it fires again if it is still asserted. The line changes
 * under the monitor, so that it never contradicts what is known here. Thread-safe.
 */
final class PinRelay implements EventFd {
    private final HostPciDevice device;
    private final InterruptLine line;
    private boolean asserted;
    private boolean closed;
    private long signals;

    PinRelay(HostPciDevice device, InterruptLine line) {
        this.device = device;
        this.line = line;
    }

    @Override
    public synchronized void signal() {
        if (!closed) {
            signals++;
            asserted = true;
            line.set(true);
        }
    }

    /** Software accessed a register. */
    void ended() {
        synchronized (this) {
            if (!asserted) {
                return;
            }
            asserted = false;
            line.set(false);
        }
        device.maskPin(false);
    }

    @Override
    public void onSignal(Runnable listener) {
        throw new IllegalStateException("the relay of a pin wakes the pin alone");
    }

    @Override
    public synchronized long signals() {
        return signals;
    }

    @Override
    public synchronized void close() {
        closed = true;
        asserted = false;
        line.set(false);
    }
}
