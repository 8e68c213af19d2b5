package dev.backplane.core.pci;

import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.PciRequester;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A requester with the routes of its transactions: who it is and which root bus it is below may change. Guarded by the
 * lock of its segment.
 */
final class Requester {
    private final Supplier<PciRequester> identity;
    private final Supplier<PciRootBus> root;
    private final List<DmaRoute> routes = new ArrayList<>();
    private final Consumer<TransactionContext> listener;
    private boolean mayStart = true;
    private int generation;
    private int applied;

    Requester(Supplier<PciRequester> identity, Supplier<PciRootBus> root) {
        this(identity, root, context -> {});
    }

    /**
     * Makes one.
     *
     * @param listener told, without locks, that its transactions may go another way
     */
    Requester(
            Supplier<PciRequester> identity, Supplier<PciRootBus> root, Consumer<TransactionContext> listener) {
        this.identity = identity;
        this.root = root;
        this.listener = listener;
    }

    void rerouted(TransactionContext context) {
        listener.accept(context);
    }

    PciRequester identity() {
        return identity.get();
    }

    PciRootBus root() {
        return root.get();
    }

    TransactionAttributes attributes() {
        return TransactionAttributes.ofRequester(identity().alias().requesterId());
    }

    void add(DmaRoute route) {
        route.enable(mayStart);
        routes.add(route);
    }

    /** Takes a route away: nothing starts on it any more. */
    void remove(DmaRoute route) {
        routes.remove(route);
        route.enable(false);
    }

    /** Sets whether the requester may start transactions. */
    void enable(boolean busMaster) {
        mayStart = busMaster;
        for (DmaRoute route : routes) {
            route.enable(busMaster);
        }
    }

    boolean isEnabled() {
        return mayStart;
    }

    /** {@return a mark of the change that is about to be resolved} */
    int nextGeneration() {
        return ++generation;
    }

    /** Puts an address space in, unless that of a later change is in; who resolved it may rely on one of the two. */
    void apply(int mark, TransactionAttributes attributes, DmaAddressSpace space, DeviceGate iommu) {
        if (mark < applied) {
            return;
        }
        applied = mark;
        for (DmaRoute route : routes) {
            route.attributes(attributes);
            route.space(space, iommu);
        }
    }
}
