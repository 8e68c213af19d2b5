package dev.backplane.core.irq;

import dev.backplane.board.Board.InputListener;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.Rendered;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.InterruptLine;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The inputs of one interrupt controller slot. It outlives the models in the slot: while none is there, levels are kept
 * and edges latched, one per input as hardware does. Thread-safe.
 */
public final class InterruptHub {
    private static final System.Logger LOGGER = System.getLogger(InterruptHub.class.getName());
    private static final InterruptLine UNCONNECTED = new InterruptLine() {
        @Override
        public void set(boolean asserted) {}

        @Override
        public void pulse() {}
    };

    private final String controllerSlot;
    private final EpochDomain epochs;
    private final ConcurrentMap<Input.Id, Input> inputs = new ConcurrentHashMap<>();
    private final ConcurrentMap<Input.Id, Line> outside = new ConcurrentHashMap<>();
    private final List<InputListener> listeners = new CopyOnWriteArrayList<>();
    private volatile InterruptController controller;
    private volatile Consumer<String> failureListener = reason -> {};
    private final List<IntConsumer> endListeners = new CopyOnWriteArrayList<>();
    private volatile int place;

    /**
     * Makes a hub whose controller is absent.
     *
     * @param controllerSlot name of the controller's slot
     * @param epochs grace periods of the board
     */
    public InterruptHub(String controllerSlot, EpochDomain epochs) {
        this.controllerSlot = controllerSlot;
        this.epochs = epochs;
    }

    /** {@return the name of the controller's slot} */
    public String controllerSlot() {
        return controllerSlot;
    }

    /** Names who is told, as text, when the controller threw. */
    public void onFailure(Consumer<String> listener) {
        failureListener = listener;
    }

    /** Names the gate of the controller's slot: what happens in the controller is blamed on it. */
    public void behind(DeviceGate gate) {
        place = gate.place();
        failureListener = gate::fail;
        gate.onHang(() -> inputs.values().forEach(Input::breakLock));
    }

    /** Connects a controller and delivers what was latched. */
    public void serve(InterruptController next) {
        controller = next;
        EpochContext context = epochs.context();
        context.enter();
        try {
            for (Input input : inputs.values()) {
                if (controller != next) {
                    // It was parked meanwhile: this call took too long.
                    return;
                }
                inController(context, () -> input.catchUp(context, next));
            }
        } finally {
            context.exit();
        }
    }

    private void inController(EpochContext context, Runnable body) {
        Throwable caught = context.callback(place, body);
        if (caught != null) {
            failureListener.accept(Rendered.text(caught));
        }
    }

    /** Disconnects the controller; the caller then waits for a grace period. */
    public void park() {
        controller = null;
    }

    /** The controller is reset while it is absent: edges from before are forgotten, levels are what they are. */
    public void forgetEdges() {
        EpochContext context = epochs.context();
        context.enter();
        try {
            inputs.values().forEach(input -> input.forgetEdge(context));
        } finally {
            context.exit();
        }
    }

    /**
     * {@return an output line wired to an input}
     *
     * @param source gate of the device that drives it, or null; calls under that device's lock become effects
     * @param intid INTID of the input
     */
    public InterruptLine line(DeviceGate source, int intid) {
        return new Line(source, input(Input.Id.shared(intid)));
    }

    private Input input(Input.Id id) {
        return inputs.computeIfAbsent(id, key -> new Input(key, () -> controller));
    }

    /** Drives an input from outside the board: one line of it, whoever calls. */
    public void drive(int intid, boolean asserted) {
        drive(Input.Id.shared(intid), asserted);
    }

    /** Drives an input that one processor has to itself from outside the board. */
    public void drive(int processor, int intid, boolean asserted) {
        drive(new Input.Id(processor, intid), asserted);
    }

    private void drive(Input.Id id, boolean asserted) {
        outside.computeIfAbsent(id, key -> new Line(null, input(key))).set(asserted);
    }

    /** Tells a listener the INTIDs of shared interrupts that software ends, whichever model is the controller. */
    public void onEnded(IntConsumer listener) {
        endListeners.add(listener);
    }

    /** Software has ended a shared interrupt; called by the controller. */
    public void ended(int intid) {
        endListeners.forEach(listener -> listener.accept(intid));
    }

    /** {@return a line that leads nowhere} */
    public static InterruptLine unconnected() {
        return UNCONNECTED;
    }

    /**
     * Shows every change of an input to a listener.
     *
     * @return ends it
     */
    public AutoCloseable observe(InputListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    private void drive(Input input, boolean asserted, EpochContext context) {
        context.enter();
        boolean changed = false;
        Throwable caught = null;
        int before = context.enterCallback(place);
        try {
            changed = input.drive(context, asserted);
        } catch (Throwable thrown) {
            caught = thrown;
        }
        if (context.leaveCallback(before) && caught != null) {
            failureListener.accept(Rendered.text(caught));
        }
        if (changed && input.id().isShared()) {
            listeners.forEach(listener -> show(listener, input.id().intid(), asserted));
        }
        context.exit();
    }

    /** What a listener throws is no failure of the controller. */
    private void show(InputListener listener, int intid, boolean asserted) {
        try {
            listener.changed(intid, asserted);
        } catch (RuntimeException thrown) {
            LOGGER.log(System.Logger.Level.WARNING, "a listener to the inputs of {0} threw {1}", controllerSlot,
                    Rendered.text(thrown));
        }
    }

    /**
     * An output line; remembers its own level, so that setting it twice counts once. Levels wait in the order in which
     * they were set, whichever access delivers them.
     */
    private final class Line implements InterruptLine {
        private final DeviceGate source;
        private final Input input;
        private final Queue<Boolean> waiting = new ConcurrentLinkedQueue<>();
        private boolean level;

        Line(DeviceGate source, Input input) {
            this.source = source;
            this.input = input;
        }

        @Override
        public void set(boolean asserted) {
            waiting.add(asserted);
            deliverAfterTheAccess();
        }

        @Override
        public void pulse() {
            waiting.add(true);
            waiting.add(false);
            deliverAfterTheAccess();
        }

        private void deliverAfterTheAccess() {
            if (source != null && source.isLockedByCurrentThread()) {
                source.defer(context -> deliver((EpochContext) context));
            } else {
                deliver(epochs.context());
            }
        }

        private void deliver(EpochContext context) {
            // At least once: what another thread has taken out of the queue is delivered when it gives the lock back.
            do {
                ReentrantLock held = input.acquire(context);
                try {
                    deliver(context, held);
                } finally {
                    held.unlock();
                }
            } while (!waiting.isEmpty());
        }

        /** Delivers what waits, as long as the lock is not taken away because the controller hangs. */
        private void deliver(EpochContext context, ReentrantLock held) {
            while (input.isHeldWith(held)) {
                Boolean next = waiting.poll();
                if (next == null) {
                    return;
                }
                if (next != level) {
                    level = next;
                    drive(input, next, context);
                }
            }
        }
    }
}
