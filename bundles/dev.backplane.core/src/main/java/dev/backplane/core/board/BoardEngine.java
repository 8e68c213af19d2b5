package dev.backplane.core.board;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.board.BoardClock;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Cause;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineType;
import dev.backplane.board.PciFabric;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.core.slot.Deadline;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.Offer;
import dev.backplane.core.slot.SlotEngine;
import dev.backplane.device.ResetKind;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.firmware.FirmwareContributor;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionAttributes;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/**
 * A board, as those see it who use it: each change runs on its executor, one after another, and the slots are settled
 * after it.
 */
final class BoardEngine implements Board {

    /** How a slot is changed to another version of its bundle. */
    interface Updater {
        /** Does it, as {@link Board#update} says. */
        void update(DeviceSlot slot, Path bundleFile) throws PlugException;
    }

    private final BoardDefinition definition;
    private final Supplier<List<Offer>> offers;
    private final Updater updater;
    private final Limits limits;
    private final SlotTable slots;
    private final BoardExecutor executor;
    private final Backbone backbone;
    private final Diagnosis diagnosis;
    private final OutsideInputs outside;
    private final SlotEngine engine;
    private final Composition composition;
    private final Settlement settlement;
    private boolean destroyed;

    BoardEngine(
            BoardDefinition definition,
            MachineTypes machineTypes,
            Supplier<List<Offer>> offers,
            Surroundings surroundings,
            Updater updater,
            Limits limits,
            Runnable slotsChanged) {
        this.definition = definition;
        this.offers = offers;
        this.updater = updater;
        this.limits = limits;
        slots = new SlotTable(slotsChanged);
        String name = definition.name();
        executor = new BoardExecutor(name);
        diagnosis = new Diagnosis(name, definition.machine(), slots, surroundings);
        backbone = new Backbone(
                name,
                !"manual".equals(definition.options().get("clock")),
                limits.transaction(),
                surroundings,
                slots,
                this::postAndSettle,
                slot -> diagnosis.ofSlot(slot, offers.get()));
        outside = new OutsideInputs(name, slots, backbone::hub);
        engine = new SlotEngine(name, limits.rehearses());
        composition = new Composition(definition, machineTypes, slots, backbone, limits);
        settlement = new Settlement(composition, backbone, slots, engine, offers, diagnosis, limits);
        backbone.segment().onReset((functions, kind) ->
                resetFunctions(functions.stream().map(PciFunction::slot).collect(Collectors.toSet()), kind));
    }

    // Composition

    /**
     * The machine type is there: lays the board out, unless that is done or cannot be done any more.
     *
     * @throws IllegalArgumentException if the machine type refuses the options, or a device cannot be placed
     */
    void define(MachineType type) {
        control(() -> {
            requireNotDestroyed();
            if (composition.define(this, type)) {
                settle();
            }
            return null;
        });
    }

    /** Offers came or changed. */
    void offersChanged() {
        postAndSettle(() -> {});
    }

    /** {@return done when no slot is served by the leaving offers any more} */
    CompletableFuture<Void> withdraw(Set<Long> leaving) {
        return executor.submit(() -> {
            Deadline deadline = limits.forDeparture();
            List<DeviceSlot> affected = new ArrayList<>(slotsServedBy(leaving));
            for (DeviceSlot slot : List.copyOf(affected)) {
                engine.settle(slot, offers.get(), deadline);
            }
            affected.retainAll(slotsServedBy(leaving));
            String reason = affected.isEmpty()
                    ? ""
                    : "its provider %s left".formatted(affected.getFirst().provider().orElse(""));
            engine.park(slots.closingOrder(affected), deadline, reason);
            settle();
            return null;
        });
    }

    private List<DeviceSlot> slotsServedBy(Set<Long> serviceIds) {
        return slots.all().stream()
                .filter(slot -> slot.offer().filter(offer -> serviceIds.contains(offer.serviceId())).isPresent())
                .toList();
    }

    /** Something arrived on the platform that a model may have asked for in vain. */
    void platformOffers(String contract) {
        postAndSettle(() -> slots.all().forEach(slot -> slot.platformOffers(contract)));
    }

    private void postAndSettle(Runnable task) {
        // Never within another change: a slot that fails while devices are reset is left to them until they are done.
        executor.post(() -> {
            task.run();
            settle();
        });
    }

    private void settle() {
        if (!destroyed) {
            settlement.settle();
        }
    }

    /** What waited for its turn behind the end of the board finds nothing that it could change. */
    private void requireNotDestroyed() {
        if (destroyed) {
            throw new IllegalStateException("board %s is gone".formatted(name()));
        }
    }

    private <T> T control(Callable<T> task) {
        try {
            return executor.call(task);
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    // What users do

    @Override
    public Slot plug(DeviceRequest request) throws PlugException {
        return onExecutor(() -> {
            requireNotDestroyed();
            if (composition.machine().isEmpty()) {
                throw new PlugException("board %s is not composed yet: %s".formatted(name(), why()));
            }
            if (!backbone.acceleration().why().isEmpty()) {
                throw new PlugException("board %s is not composed yet: %s"
                        .formatted(name(), backbone.acceleration().why()));
            }
            DeviceSlot slot = composition.add(this, request);
            try {
                settlement.fill(slot);
            } catch (PlugException refused) {
                engine.remove(slot, limits.forCallbacks());
                composition.remove(slot);
                throw refused;
            }
            return slot;
        });
    }

    @Override
    public void unplug(String name) throws PlugException {
        onExecutor(() -> {
            requireNotDestroyed();
            DeviceSlot slot = find(name);
            if (!slot.definition().userCreated()) {
                throw new PlugException("slot %s is part of machine %s and must stay"
                        .formatted(name, definition.machine()));
            }
            List<String> dependents = Dependents.of(slot, slots.all());
            if (!dependents.isEmpty()) {
                throw new PlugException("slot %s is in use: unplug %s first"
                        .formatted(name, String.join(", ", dependents)));
            }
            engine.remove(slot, limits.forCallbacks());
            composition.remove(slot);
            settle();
            return null;
        });
    }

    @Override
    public void update(String name, Path bundleFile) throws PlugException {
        updater.update(find(name), bundleFile);
    }

    @Override
    public void swap(String name, Map<String, String> properties) throws PlugException {
        onExecutor(() -> {
            requireNotDestroyed();
            new Reassignment(find(name), engine, diagnosis, offers.get(), limits).swap(properties);
            settle();
            return null;
        });
    }

    @Override
    public void select(String name, String bundle) throws PlugException {
        onExecutor(() -> {
            requireNotDestroyed();
            new Reassignment(find(name), engine, diagnosis, offers.get(), limits).select(bundle);
            settle();
            return null;
        });
    }

    private DeviceSlot find(String name) throws PlugException {
        return slots.find(name)
                .orElseThrow(() -> new PlugException("board %s has no slot '%s'; it has %s".formatted(
                        name(), name, String.join(", ", slots.all().stream().map(Slot::name).toList()))));
    }

    private <T> T onExecutor(Callable<T> task) throws PlugException {
        try {
            return executor.call(task);
        } catch (PlugException e) {
            throw new PlugException(e.getMessage());
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Gives a slot to an offer of a certain bundle, which is preferred from then on.
     *
     * @return false if the board is destroyed or the slot is not on it any more
     * @throws PlugException if it cannot serve; the slot is as it was
     */
    boolean handTo(DeviceSlot slot, Offer offer) throws PlugException {
        try {
            return onExecutor(() -> {
                if (destroyed || !slots.all().contains(slot)) {
                    return false;
                }
                hand(slot, offer);
                return true;
            });
        } catch (IllegalStateException refused) {
            if (executor.isClosed()) {
                return false;
            }
            throw refused;
        }
    }

    private void hand(DeviceSlot slot, Offer offer) throws PlugException {
        Offer before = slot.offer().orElse(null);
        if (slot.offer().filter(now -> now.serviceId() == offer.serviceId()).isEmpty()) {
            try {
                engine.take(slot, offer, limits.forCallbacks());
            } catch (ModelFailure failure) {
                settle();
                throw new PlugException(failure.getMessage());
            }
        }
        slot.follow(before, offer);
    }

    @Override
    public void reset(ResetKind kind) {
        if (kind != ResetKind.COLD) {
            throw new IllegalArgumentException("board %s: reset %s: expected COLD".formatted(name(), kind));
        }
        control(() -> {
            engine.reset(slots.closingOrder(slots.all()), kind, true, limits.forCallbacks());
            backbone.segment().resetHostBridge(kind);
            settle();
            return null;
        });
    }

    /** Software reset functions through configuration space: their models follow. */
    void resetFunctions(Set<String> names, ResetKind kind) {
        postAndSettle(() -> {
            List<DeviceSlot> affected =
                    slots.all().stream().filter(slot -> names.contains(slot.name())).toList();
            engine.reset(slots.closingOrder(affected), kind, false, limits.forCallbacks());
        });
    }

    /** Disposes of devices and memory. */
    void destroy() {
        control(() -> {
            destroyed = true;
            for (DeviceSlot slot : slots.closingOrder(slots.all())) {
                engine.remove(slot, limits.forDeparture());
            }
            backbone.close();
            return null;
        });
        executor.close();
    }

    // What users see

    @Override
    public String name() {
        return definition.name();
    }

    @Override
    public BoardDefinition definition() {
        return definition;
    }

    @Override
    public Optional<MachineDefinition> machine() {
        return composition.machine();
    }

    @Override
    public boolean isComplete() {
        return settlement.isComplete();
    }

    @Override
    public boolean awaitComplete(Duration patience) throws InterruptedException {
        return settlement.awaitComplete(patience);
    }

    @Override
    public List<Cause> why() {
        List<Cause> waiting = backbone.acceleration().why();
        if (!waiting.isEmpty()) {
            return waiting;
        }
        return isComplete()
                ? List.of()
                : diagnosis.ofBoard(composition.trouble(), composition.machine().isPresent(), offers.get());
    }

    @Override
    public List<Slot> slots() {
        return List.copyOf(slots.all());
    }

    /** {@return the slots that a bundle serves} */
    List<DeviceSlot> slotsServedBy(long bundleId) {
        return slots.all().stream()
                .filter(slot -> slot.offer().filter(offer -> offer.bundleId() == bundleId).isPresent())
                .toList();
    }

    @Override
    public Optional<Slot> slot(String name) {
        return slots.find(name).map(Slot.class::cast);
    }

    @Override
    public DmaPort systemPort(String initiator) {
        return backbone.bus().port(initiator, null, TransactionAttributes.NONE);
    }

    @Override
    public List<MapEntry> memoryMap() {
        return backbone.bus().memoryMap();
    }

    @Override
    public Epochs epochs() {
        return backbone.epochs();
    }

    @Override
    public BoardClock clock() {
        return backbone.time();
    }

    @Override
    public PciFabric pci() {
        return backbone.segment();
    }

    @Override
    public List<FirmwareContribution> firmware() {
        return slots.all().stream()
                .map(slot -> slot.with(FirmwareContributor.class, FirmwareContributor::firmware))
                .flatMap(contributions -> contributions.orElse(List.of()).stream())
                .toList();
    }

    @Override
    public Optional<VirtualMachine> virtualMachine() {
        return backbone.acceleration().virtualMachine();
    }

    @Override
    public Optional<MsiRoutes> msiRoutes() {
        return backbone.messages().router().map(MsiRoutes.class::cast);
    }

    @Override
    public AutoCloseable observeInputs(String controller, InputListener listener) {
        if (slots.find(controller).isEmpty()) {
            throw new IllegalArgumentException("board %s has no slot '%s'".formatted(name(), controller));
        }
        return backbone.hub(controller).observe(listener);
    }

    @Override
    public void driveInput(String controller, int intid, boolean asserted) {
        outside.drive(controller, intid, asserted);
    }

    @Override
    public void drivePrivateInput(String controller, int processor, int intid, boolean asserted) {
        outside.drive(controller, processor, intid, asserted);
    }

    @Override
    public AutoCloseable record(String initiator, AccessRecorder recorder) {
        return backbone.bus().record(initiator, recorder);
    }

    @Override
    public Map<String, Long> counters() {
        Map<String, Long> counters = new LinkedHashMap<>(backbone.bus().counters());
        List<DeviceSlot> now = slots.all();
        counters.put("aborts", now.stream().mapToLong(DeviceSlot::aborts).sum());
        counters.put("time-outs", now.stream().mapToLong(slot -> slot.gate().timeouts()).sum());
        counters.put("hand-overs", now.stream().mapToLong(DeviceSlot::handOvers).sum());
        counters.put("hung-threads", (long) backbone.epochs().hanging());
        counters.put("guest-errors", now.stream().mapToLong(DeviceSlot::guestErrors).sum());
        backbone.messages().router().ifPresent(router -> counters.put("msi-routes-refused", router.refused()));
        return counters;
    }
}
