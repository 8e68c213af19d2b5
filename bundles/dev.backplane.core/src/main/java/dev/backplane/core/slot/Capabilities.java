package dev.backplane.core.slot;

import dev.backplane.board.PlugException;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.irq.LpiStandIn;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.pci.IommuBinding;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.LpiController;
import dev.backplane.irq.MsiController;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciIommuOps;
import java.util.Optional;

/**
 * What a slot's device is to others beyond its registers: an interrupt controller, a taker of LPIs, the IOMMU of a root
 * bus. The others hold stand-ins; here the models in the slot are put behind them.
 */
final class Capabilities {
    /** INTIDs that every controller has if it has any of their kind. */
    private static final int FIRST_SPI = 32;

    private static final int FIRST_LPI = 8192;

    private final String slot;
    private final String kind;
    private final SlotHost host;
    private final InterruptHub hub;
    private final LpiStandIn lpi;
    private final boolean takesMessages;
    private final IommuBinding iommu;
    private final String iommuBus;
    private PciIommuOps served;
    private Runnable unpublish = () -> {};

    /**
     * Takes the places of a new slot's device.
     *
     * @throws ModelFailure if the root bus has an IOMMU already, or takes none
     */
    Capabilities(
            String slot,
            String kind,
            SlotHost host,
            DeviceGate gate,
            DeviceModel model,
            DeviceProperties properties)
            throws ModelFailure {
        this.slot = slot;
        this.kind = kind;
        this.host = host;
        hub = model instanceof InterruptController ? host.hub(slot) : null;
        lpi = model instanceof LpiController ? host.lpi(slot) : null;
        if (hub != null) {
            hub.behind(gate);
        }
        if (lpi != null) {
            lpi.behind(gate);
        }
        takesMessages = model instanceof MsiController;
        iommuBus = model instanceof PciIommu ? primaryBus(properties) : "";
        iommu = iommuBus.isEmpty() ? null : attach(gate);
    }

    private static String primaryBus(DeviceProperties properties) throws ModelFailure {
        Object bus = properties.asMap().get(PciIommu.PRIMARY_BUS);
        if (!(bus instanceof String name) || name.isEmpty()) {
            throw ModelFailure.of("SMMU is not attached to any PCI bus! Set %s, for example %s=pcie.0"
                    .formatted(PciIommu.PRIMARY_BUS, PciIommu.PRIMARY_BUS));
        }
        return name;
    }

    private IommuBinding attach(DeviceGate gate) throws ModelFailure {
        try {
            return host.segment().attachIommu(iommuBus, slot, gate);
        } catch (PlugException refused) {
            throw ModelFailure.of(refused.getMessage());
        }
    }

    /**
     * Checks that a successor is to others what its predecessor was.
     *
     * @throws ModelFailure if it lacks an ability
     */
    void check(DeviceModel next, DeviceProperties properties) throws ModelFailure {
        require(hub != null, next, InterruptController.class);
        require(lpi != null, next, LpiController.class);
        require(iommu != null, next, PciIommu.class);
        require(takesMessages, next, MsiController.class);
        if (iommu != null && !primaryBus(properties).equals(iommuBus)) {
            throw ModelFailure.of("it would be the IOMMU of %s, the slot's device is that of %s: they must be equal"
                    .formatted(primaryBus(properties), iommuBus));
        }
    }

    private static void require(boolean had, DeviceModel next, Class<?> capability) throws ModelFailure {
        if (had != capability.isInstance(next)) {
            throw ModelFailure.of("the model %s %s, unlike the one before"
                    .formatted(had ? "is no" : "is a", capability.getSimpleName()));
        }
    }

    /**
     * Puts a model behind the stand-ins; called on a thread for bundles' code, with the gate parked.
     *
     * @param steps ends a call that was given up before it installs what comes too late
     */
    void serve(DeviceModel model, ModelThread.Steps steps) throws PlugException {
        if (iommu != null) {
            steps.next("serve as IOMMU");
            PciIommuOps ops = ((PciIommu) model).iommuOps();
            steps.next("serve as IOMMU");
            served = ops;
            iommu.serve(ops, () -> steps.next("serve as IOMMU"));
        }
        serveInputs(model, steps);
    }

    /**
     * As {@link #serve(DeviceModel, ModelThread.Steps)}, for a model that was made ready.
     *
     * @param ready what {@link #prepare} returned
     */
    void serve(DeviceModel model, Optional<IommuBinding.Ready> ready, ModelThread.Steps steps) throws PlugException {
        if (ready.isPresent()) {
            steps.next("serve as IOMMU");
            served = ready.get().ops();
            iommu.serve(ready.get(), () -> steps.next("serve as IOMMU"));
        }
        serveInputs(model, steps);
    }

    private void serveInputs(DeviceModel model, ModelThread.Steps steps) {
        if (lpi != null) {
            steps.next("serve as GIC");
            lpi.serve((LpiController) model);
        }
        if (hub != null) {
            steps.next("serve as interrupt controller");
            ((InterruptController) model).onEnded(hub::ended);
            hub.serve((InterruptController) model);
        }
    }

    /** Asks the model that serves what its successor will be asked; called on a thread for bundles' code. */
    void rehearse() throws PlugException {
        if (iommu != null) {
            iommu.rehearse();
        }
    }

    /**
     * Asks a successor, while the gate is open, for what it will serve as IOMMU with; called on a thread for bundles'
     * code.
     *
     * @return what it answered; empty if the device is no IOMMU
     */
    Optional<IommuBinding.Ready> prepare(DeviceModel next) throws PlugException {
        return iommu == null ? Optional.empty() : Optional.of(iommu.prepare(((PciIommu) next).iommuOps()));
    }

    /** Puts a model that will serve nobody behind stand-ins of its own: what else is done behind the closed gate. */
    void rehearse(DeviceModel model) throws PlugException {
        prepare(model);
        if (lpi != null) {
            var nobodys = new LpiStandIn(host.epochs());
            nobodys.setPending(host.epochs().context(), 0, FIRST_LPI);
            nobodys.serve((LpiController) model);
        }
        if (hub != null) {
            var nobodys = new InterruptHub(slot, host.epochs());
            var controller = (InterruptController) model;
            nobodys.drive(FIRST_SPI, true);
            controller.onEnded(nobodys::ended);
            nobodys.serve(controller);
        }
    }

    /** Takes the model away for as long as a hand-over takes; the caller waits for a grace period. */
    void pause() {
        parkInputs();
        if (iommu != null) {
            iommu.pause();
        }
    }

    /** Takes the model away; the caller waits for a grace period. */
    void park() {
        parkInputs();
        if (iommu != null) {
            iommu.park();
        }
    }

    private void parkInputs() {
        if (hub != null) {
            hub.park();
        }
        if (lpi != null) {
            lpi.park();
        }
    }

    /** Makes the served operations known, in place of those of a predecessor. */
    void publish() {
        if (served != null) {
            Runnable before = unpublish;
            unpublish = host.publishIommu(iommuBus, slot, kind, served);
            served = null;
            before.run();
            iommu.opened();
        }
    }

    /** Takes the operations back. */
    void unpublish() {
        served = null;
        if (iommu != null) {
            iommu.left();
        }
        unpublish.run();
        unpublish = () -> {};
    }

    /** The device is removed; its model is still there. */
    void leaving() {
        if (iommu != null) {
            iommu.removed();
        }
    }

    /** The device is reset while its model is away: what waits for the next one is from before. */
    void resetUnserved() {
        if (hub != null) {
            hub.forgetEdges();
        }
        if (lpi != null) {
            lpi.forget();
        }
        if (iommu != null) {
            iommu.resetUnserved();
        }
    }

    /** Gives the places up. */
    void remove() {
        unpublish();
        if (iommu != null) {
            iommu.detach();
        }
    }
}
