package dev.backplane.kvm.sim;

import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.util.concurrent.atomic.LongAdder;

/** An event that injects a GSI. Thread-safe. */
final class Irqfd {

    /** What becomes of a signal. */
    enum Outcome {
        /** It reached an interrupt controller. */
        REACHED,
        /** There was no route, or it led nowhere. */
        LOST,
        /** The event does not inject the GSI any more: the signal is still the event's. */
        UNASSIGNED
    }

    private final SimVm vm;
    private final SimEventFd event;
    private final int gsi;
    private final EventFd resample;
    private final LongAdder reached = new LongAdder();
    private final LongAdder lost = new LongAdder();

    Irqfd(SimVm vm, SimEventFd event, int gsi, EventFd resample) {
        this.vm = vm;
        this.event = event;
        this.gsi = gsi;
        this.resample = resample;
    }

    /** {@return whether a signal has come to its end here: false when the event injects this GSI no more} */
    boolean fire() {
        return switch (vm.inject(this)) {
            case REACHED -> {
                reached.increment();
                yield true;
            }
            case LOST -> {
                lost.increment();
                yield true;
            }
            case UNASSIGNED -> false;
        };
    }

    /** {@return whether the event injects this GSI still} */
    boolean isAssigned() {
        return event.irqfd() == this;
    }

    /** The event was closed. */
    void closed() {
        vm.forget(this);
    }

    SimEventFd event() {
        return event;
    }

    int gsi() {
        return gsi;
    }

    /** {@return what is told of the end of the level interrupt, or null for an edge} */
    EventFd resample() {
        return resample;
    }

    InspectNode inspect() {
        return InspectNode.text(
                "gsi " + gsi,
                "fired %d, lost %d%s".formatted(
                        reached.sum(), lost.sum(), resample == null ? "" : ", level with resample"));
    }
}
