package dev.backplane.core.msi;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.core.memory.Rendered;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.core.pci.VectorFollower;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.irq.EventFd;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * The vectors of one function that do not go as its writes: all of a host device's, and those of an emulated function
 * that its model sends through the accelerator. What is in place belongs to the slot and stays while no model serves;
 * the next model is told of it. Thread-safe.
 */
final class FunctionVectors implements VectorFollower {
    private static final System.Logger LOGGER = System.getLogger(FunctionVectors.class.getName());
    private static final int FIRST_SPI = 32;
    private static final int KINDS = 2;

    private final PciFunction function;
    private final Epochs epochs;
    private final MsiRouter router;
    private final VirtualMachine vm;
    private final boolean assigned;

    /** By number of the vector, those of MSI-X with {@link #key}. */
    private final Map<Integer, RoutedVector> routed = new ConcurrentHashMap<>();

    private final Map<Integer, EventFd> soft = new HashMap<>();
    private final Map<Integer, VectorEvent> events = new HashMap<>();

    /** Vectors that the device was told to use; it is told when that ends, if need be by the next model. */
    private final Map<Integer, EventFd> told = new HashMap<>();

    /** How many vectors of MSI, and of MSI-X, the device was told that software may use. */
    private final int[] toldEnabled = new int[KINDS];

    private AssignedDevice device;
    private EventFd pin;
    private int pinGsi;

    /** What ends the pin's interrupt; null while the pin is not connected. */
    private EventFd pinResample;

    /**
     * Begins to follow.
     *
     * @param router routes of the board, or null when its interrupt controllers are not in the kernel
     * @param vm the board's virtual machine, or null without an accelerator
     * @param assigned whether a host device stands behind the function, so that all its vectors go this way
     */
    FunctionVectors(PciFunction function, Epochs epochs, MsiRouter router, VirtualMachine vm, boolean assigned) {
        this.function = function;
        this.epochs = epochs;
        this.router = router;
        this.vm = vm;
        this.assigned = assigned;
    }

    private static int key(boolean msix, int vector) {
        return vector << 1 | kind(msix);
    }

    private static int kind(boolean msix) {
        return msix ? 1 : 0;
    }

    /** {@return the event that sends a vector of an emulated function through the accelerator} */
    synchronized Optional<EventFd> event(int vector) {
        if (router == null) {
            return Optional.empty();
        }
        VectorEvent known = events.get(vector);
        if (known == null) {
            known = new VectorEvent(
                    function, vector, epochs, followed(false, vector), followed(true, vector));
            events.put(vector, known);
            TransactionContext context = epochs.context();
            settle(context, false, vector, false);
            settle(context, true, vector, false);
        }
        return Optional.of(known);
    }

    private RoutedVector followed(boolean msix, int vector) {
        return vector >= function.vectors(msix)
                ? null
                : routed.computeIfAbsent(key(msix, vector), key -> new RoutedVector(router, function, msix, vector));
    }

    /** Wires the function's pin through the accelerator. What is wired so already stays, and loses no signal. */
    synchronized Optional<EventFd> pin(EventFd resample) {
        if (router == null || function.pinIntid() < 0) {
            return Optional.empty();
        }
        try {
            if (pin == null) {
                pinGsi = router.putPin(function.pinIntid() - FIRST_SPI);
                pin = vm.eventFd();
            }
            if (pinResample != resample) {
                disconnectPin();
                router.connect(pin, pinGsi, resample);
                pinResample = resample;
            }
            return Optional.of(pin);
        } catch (HostException refused) {
            warnOfPin(refused);
            unwirePin();
            return Optional.empty();
        }
    }

    private void disconnectPin() throws HostException {
        if (pinResample != null) {
            pinResample = null;
            router.disconnect(pin, pinGsi);
        }
    }

    private void unwirePin() {
        removeRoutes(IntStream.of(dropPin()));
    }

    /** {@return the pin's GSI, which is to be taken out of the table, or -1} */
    private int dropPin() {
        if (pin == null) {
            return -1;
        }
        try {
            disconnectPin();
        } catch (HostException thrown) {
            warnOfPin(thrown);
        }
        pin.close();
        pin = null;
        return pinGsi;
    }

    /** All that there are go with one write of the accelerator's table. */
    private void removeRoutes(IntStream gsis) {
        List<Integer> free = gsis.filter(gsi -> gsi >= 0).boxed().toList();
        try {
            if (!free.isEmpty()) {
                router.remove(free);
            }
        } catch (HostException thrown) {
            LOGGER.log(System.Logger.Level.WARNING, "slot {0}: GSIs {1}: {2}", function.slot(), free,
                    thrown.getMessage());
        }
    }

    private void warnOfPin(HostException thrown) {
        LOGGER.log(System.Logger.Level.WARNING, "slot {0}: pin: {1}", function.slot(), thrown.getMessage());
    }

    @Override
    public synchronized void changed(TransactionContext context, boolean msix, int vector) {
        tellEnabled();
        settle(context, msix, vector, false);
    }

    @Override
    public synchronized void changed(TransactionContext context) {
        settleAll(context, false);
    }

    @Override
    public synchronized void rerouted(TransactionContext context) {
        settleAll(context, true);
    }

    /** Looked at by software's reads, so without the monitor, which is held while the device is told something. */
    @Override
    public long pending(boolean msix, int first) {
        long bits = 0;
        for (Map.Entry<Integer, RoutedVector> vector : routed.entrySet()) {
            int place = (vector.getKey() >>> 1) - first;
            boolean meant = (vector.getKey() & 1) == kind(msix) && place >= 0 && place < Long.SIZE;
            if (meant && vector.getValue().isPending()) {
                bits |= 1L << place;
            }
        }
        return bits;
    }

    private void settleAll(TransactionContext context, boolean anew) {
        tellEnabled();
        if (assigned) {
            for (int vector = 0; vector < function.vectors(false); vector++) {
                settle(context, false, vector, anew);
            }
            for (int vector = 0; vector < function.vectors(true); vector++) {
                settle(context, true, vector, anew);
            }
        } else {
            for (int key : List.copyOf(routed.keySet())) {
                settle(context, (key & 1) != 0, key >>> 1, anew);
            }
        }
    }

    private void settle(TransactionContext context, boolean msix, int vector, boolean anew) {
        int key = key(msix, vector);
        boolean used;
        if (assigned && function.message(msix, vector) == null) {
            // The device keeps the vector's messages before its event injects nothing, so that none is lost.
            tell(key, false);
        }
        if (router == null) {
            used = assigned && function.message(msix, vector) != null;
        } else {
            RoutedVector route = routed.get(key);
            if (route == null && assigned && function.message(msix, vector) != null) {
                route = followed(msix, vector);
            }
            used = route != null && route.settle(context, anew);
        }
        if (assigned) {
            tell(key, used);
        }
    }

    /** The device has one kind enabled at a time, so one ends before another begins. */
    private void tellEnabled() {
        if (!assigned || device == null) {
            return;
        }
        for (int kind = 0; kind < KINDS; kind++) {
            int ended = kind;
            if (toldEnabled[kind] != 0 && toldEnabled[kind] != function.enabledVectors(kind != 0)) {
                List.copyOf(told.keySet()).stream().filter(key -> (key & 1) == ended).forEach(key -> tell(key, false));
                tellEnabled(kind, 0);
            }
        }
        for (int kind = 0; kind < KINDS; kind++) {
            int vectors = function.enabledVectors(kind != 0);
            if (toldEnabled[kind] != vectors) {
                tellEnabled(kind, vectors);
            }
        }
    }

    private void tellEnabled(int kind, int vectors) {
        toldEnabled[kind] = vectors;
        guarded(() -> device.vectorsEnabled(kind != 0, vectors));
    }

    private void tell(int key, boolean used) {
        if (used == told.containsKey(key) || device == null) {
            // What changes while no model serves is told to the next one.
            return;
        }
        if (used) {
            EventFd event = router == null ? softEvent(key) : routed.get(key).event();
            told.put(key, event);
            guarded(() -> device.vectorUsed(key >>> 1, (key & 1) != 0, event));
        } else {
            told.remove(key);
            guarded(() -> device.vectorReleased(key >>> 1, (key & 1) != 0));
        }
    }

    /** Without the interrupt controllers in the kernel an event wakes the engine, which sends the message. */
    private EventFd softEvent(int key) {
        return soft.computeIfAbsent(key, number -> {
            EventFd event = vm == null ? new SoftEvent() : vm.eventFd();
            event.onSignal(() -> function.send(epochs.context(), number >>> 1));
            return event;
        });
    }

    private void guarded(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | LinkageError thrown) {
            function.slotGate().fail(Rendered.text(thrown));
        }
    }

    @Override
    public synchronized void serve(AssignedDevice next) {
        device = next;
        // What its predecessor had enabled and connected is so still; what ended meanwhile follows.
        for (int kind = 0; kind < KINDS; kind++) {
            if (toldEnabled[kind] != 0) {
                next.vectorsEnabled(kind != 0, toldEnabled[kind]);
            }
        }
        told.forEach((key, event) -> next.vectorUsed(key >>> 1, (key & 1) != 0, event));
        settleAll(epochs.context(), false);
    }

    @Override
    public synchronized void vacate() {
        device = null;
    }

    @Override
    public synchronized void close() {
        device = null;
        IntStream.Builder free = IntStream.builder();
        routed.values().forEach(vector -> end(() -> vector.close(free)));
        free.add(pin == null ? -1 : pinGsi);
        end(this::dropPin);
        end(() -> removeRoutes(free.build()));
        soft.values().forEach(event -> end(event::close));
        routed.clear();
        soft.clear();
        told.clear();
    }

    /** The function goes, whatever one of its events does. */
    private void end(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException | LinkageError thrown) {
            LOGGER.log(System.Logger.Level.WARNING, "slot {0}: the accelerator keeps something: {1}", function.slot(),
                    Rendered.text(thrown));
        }
    }
}
