package dev.backplane.core.msi;

import dev.backplane.core.memory.Rendered;
import dev.backplane.core.msi.DoorbellFixup.Found;
import dev.backplane.core.msi.DoorbellFixup.Refused;
import dev.backplane.core.pci.Message;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.hostiommu.HostException;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.TransactionContext;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * One vector on its way through the accelerator: its event, its GSI while software uses the vector, and whether the
 * route is in place. Guarded by its monitor, under which it is also signalled, so that a signal meets the vector either
 * before or after a change.
 */
final class RoutedVector {
    private static final System.Logger LOGGER = System.getLogger(RoutedVector.class.getName());
    private static final int NONE = -1;

    private final MsiRouter router;
    private final PciFunction function;
    private final boolean msix;
    private final int number;
    private final EventFd event;
    private int gsi = NONE;
    private Message routed;
    private int deviceId;
    private boolean enabled;

    /** A message came while software masks the vector: it masked it while nobody could tell the device to keep them. */
    private boolean pending;

    RoutedVector(MsiRouter router, PciFunction function, boolean msix, int number) {
        this.router = router;
        this.function = function;
        this.msix = msix;
        this.number = number;
        event = router.vm().eventFd();
    }

    EventFd event() {
        return event;
    }

    /**
     * Brings the route to what software has programmed.
     *
     * @param anew whether the doorbell is to be looked for even if the message is the same
     * @return whether software uses the vector and a route is in place
     */
    synchronized boolean settle(TransactionContext context, boolean anew) {
        boolean wasEnabled = enabled;
        enabled = number < function.enabledVectors(msix);
        if (!enabled || !wasEnabled) {
            // What came while software had not enabled the vector is no message of it.
            event.take();
            pending = false;
        }
        Message now = function.message(msix, number);
        if (now == null) {
            release();
            return false;
        }
        int id = function.requesterNow().alias().requesterId();
        if (!anew && now.equals(routed) && id == deviceId) {
            return true;
        }
        switch (DoorbellFixup.find(context, function, now.address())) {
            case Found found -> route(now, found, id);
            case Refused refused -> router.refused(function, number, now.address(), refused.reason());
        }
        if (routed != null && pending) {
            pending = false;
            event.signal();
        }
        return gsi != NONE;
    }

    /** {@return whether a message waits until software unmasks the vector} */
    synchronized boolean isPending() {
        // What is not looked at, the accelerator sends by itself when the event is connected.
        pending |= routed == null && event.take();
        return pending;
    }

    private void route(Message now, Found found, int id) {
        try {
            int next = router.put(gsi, function, number, now, found, id);
            if (gsi == NONE) {
                gsi = next;
                router.connect(event, gsi, null);
            }
            routed = now;
            deviceId = id;
        } catch (HostException refused) {
            router.refused(function, number, now.address(), refused.getMessage());
            if (routed == null) {
                release();
            }
        }
    }

    /** Sends the vector if its route is in place; {@return whether it is} */
    synchronized boolean signal() {
        if (routed == null) {
            return false;
        }
        event.signal();
        return true;
    }

    /** Software does not use the vector any more: the event injects nothing. */
    private void release() {
        int free = disconnect();
        if (free == NONE) {
            return;
        }
        try {
            router.remove(List.of(free));
        } catch (HostException thrown) {
            LOGGER.log(System.Logger.Level.WARNING, "slot {0}: vector {1}: {2}", function.slot(), number,
                    Rendered.text(thrown));
        }
    }

    /** {@return the GSI that the event injected, which is to be taken out of the table, or -1} */
    private int disconnect() {
        int free = gsi;
        boolean connected = routed != null;
        gsi = NONE;
        routed = null;
        try {
            if (connected) {
                router.disconnect(event, free);
            }
        } catch (HostException thrown) {
            LOGGER.log(System.Logger.Level.WARNING, "slot {0}: vector {1}: {2}", function.slot(), number,
                    Rendered.text(thrown));
        }
        return free;
    }

    /**
     * Ends for good.
     *
     * @param free told the GSI that is to be taken out of the table, or -1, whatever else fails
     */
    synchronized void close(IntConsumer free) {
        free.accept(gsi);
        try {
            disconnect();
        } finally {
            event.close();
        }
    }
}
