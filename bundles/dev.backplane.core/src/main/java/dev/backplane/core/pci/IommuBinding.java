package dev.backplane.core.pci;

import dev.backplane.board.PlugException;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.pci.PciIommuOps;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An IOMMU slot's hold on a root bus. It outlives the models in the slot: while none serves, transactions below the bus
 * meet the slot's gate. Thread-safe; control methods are called on the board's executor.
 */
public final class IommuBinding {
    private final PciSegment segment;
    private final PciRootBus root;
    private final String slot;
    private final DeviceGate gate;
    private final Set<PciFunction> unasked = new LinkedHashSet<>();
    private volatile PciIommuOps ops;

    IommuBinding(PciSegment segment, PciRootBus root, String slot, DeviceGate gate) {
        this.segment = segment;
        this.root = root;
        this.slot = slot;
        this.gate = gate;
    }

    /** A function was plugged while no model serves: the next one is asked whether it wants it. */
    void askLater(PciFunction function) {
        synchronized (unasked) {
            unasked.add(function);
        }
    }

    /** Fails the functions that came while nobody could be asked, if the model does not want them. */
    private void ask(PciIommuOps next) {
        List<PciFunction> came;
        synchronized (unasked) {
            if (unasked.isEmpty()) {
                return;
            }
            unasked.removeIf(function -> !segment.isPlugged(function));
            came = List.copyOf(unasked);
        }
        for (PciFunction function : came) {
            Optional<String> refusal = PlugRules.refusal(slot, next, function);
            if (refusal.isPresent()) {
                function.gate().fail("IOMMU %s, which was not there when it was plugged, refuses it: %s: unplug it"
                        .formatted(slot, refusal.get()));
            } else {
                synchronized (unasked) {
                    unasked.remove(function);
                }
            }
        }
    }

    /** A model that can serve at once, as it has answered for everything below the bus. */
    public static final class Ready {
        private final PciIommuOps ops;
        private final RouteResolver.Answers answers;

        private Ready(PciIommuOps ops, RouteResolver.Answers answers) {
            this.ops = ops;
            this.answers = answers;
        }

        /** {@return the model's operations} */
        public PciIommuOps ops() {
            return ops;
        }
    }

    /**
     * Asks a model that does not serve yet what it will be asked when it does; nothing changes. What it throws is thrown
     * on.
     *
     * @throws PlugException if it has no address space for one of the functions
     */
    public Ready prepare(PciIommuOps next) throws PlugException {
        return new Ready(next, segment.ask(root, next));
    }

    /**
     * Lets a model govern the functions below the bus; returns when every route leads through it. Functions that were
     * plugged while none served fail first if it does not want them.
     *
     * @param next operations of the model
     * @param unlessGivenUp called after the model was asked something, before what follows from it: throws when it has
     *     taken so long that nobody waits for it any more
     * @throws PlugException if it cannot take the host devices that are there
     */
    public void serve(PciIommuOps next, Runnable unlessGivenUp) throws PlugException {
        ask(next);
        unlessGivenUp.run();
        ops = next;
        segment.resolveBelow(root);
        segment.iommuObserver().served(root.name(), next, unlessGivenUp);
    }

    /** As {@link #serve(PciIommuOps, Runnable)}; the model is asked again only if something below has changed. */
    public void serve(Ready next, Runnable unlessGivenUp) throws PlugException {
        ask(next.ops);
        unlessGivenUp.run();
        ops = next.ops;
        if (!segment.resolver().putIn(next.answers)) {
            segment.resolveBelow(root);
        }
        segment.iommuObserver().served(root.name(), next.ops, unlessGivenUp);
    }

    /**
     * Asks the model that serves once more and leads everything where it is led: a hand-over to another one is near, and
     * what seldom runs runs slowly.
     */
    public void rehearse() throws PlugException {
        PciIommuOps serving = ops;
        if (serving != null) {
            segment.resolver().putIn(prepare(serving).answers);
        }
    }

    /** Transactions pass the model now: the gate is open. */
    public void opened() {
        segment.refreshVectors(root);
    }

    /**
     * A successor of the model is about to serve: nobody is asked until it does. What the model answered stays in the
     * routes, behind the gate, which the caller has parked.
     */
    public void pause() {
        ops = null;
    }

    /** Lets go of the model; what it answered is forgotten. The caller has parked the gate. */
    public void park() {
        ops = null;
        segment.resolveBelow(root);
    }

    /** The model is about to be disposed of. */
    public void left() {
        segment.iommuObserver().left(root.name());
    }

    /** The IOMMU is reset while no model is there. */
    public void resetUnserved() {
        segment.iommuObserver().reset(root.name());
    }

    /** The IOMMU goes for good; its model, if any, is still there and parked. */
    public void removed() {
        segment.iommuObserver().removed(root.name());
    }

    /** Ends the hold: functions below the bus reach the system bus directly. */
    public void detach() {
        ops = null;
        segment.detach(root, this);
    }

    /** {@return the root bus that is governed} */
    public String bus() {
        return root.name();
    }

    String slot() {
        return slot;
    }

    DeviceGate gate() {
        return gate;
    }

    /** {@return the model's operations, or null while none serves} */
    PciIommuOps ops() {
        return ops;
    }
}
