package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineType;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.Slot.State;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.ModelThread;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a board consists of: what its machine type lays out of its definition, and the devices that users add, under
 * names of their own. Changed on the board's executor, read by everybody.
 */
final class Composition {
    private final BoardDefinition definition;
    private final MachineTypes machineTypes;
    private final SlotTable slots;
    private final Backbone backbone;
    private final Limits limits;
    private volatile MachineDefinition machine;
    private volatile String trouble = "";
    private volatile int ofDefinition;
    private Duration slotTimeout = Limits.SLOT_TIMEOUT;
    private boolean unusable;

    Composition(
            BoardDefinition definition,
            MachineTypes machineTypes,
            SlotTable slots,
            Backbone backbone,
            Limits limits) {
        this.definition = definition;
        this.machineTypes = machineTypes;
        this.slots = slots;
        this.backbone = backbone;
        this.limits = limits;
    }

    /**
     * Lays the board out, unless that is done or cannot be done any more.
     *
     * @return whether it did
     * @throws IllegalArgumentException if the machine type refuses the options, or a device cannot be placed
     */
    boolean define(Board board, MachineType type) {
        if (machine != null || unusable) {
            return false;
        }
        try (var bundle = machineThread()) {
            compose(Layout.of(board, type, bundle));
        } catch (ModelFailure refused) {
            slots.clear();
            machine = null;
            trouble = refused.getMessage();
            throw new IllegalArgumentException("board %s: %s".formatted(definition.name(), trouble));
        }
        trouble = "";
        return true;
    }

    private void compose(Layout layout) throws ModelFailure {
        machine = layout.machine();
        slotTimeout = layout.slotTimeout(Limits.SLOT_TIMEOUT);
        for (SlotDefinition slot : machine.slots()) {
            slots.add(slot(slot, Set.of()));
        }
        for (DeviceRequest request : definition.devices()) {
            slots.add(slot(layout.place(request), request.properties().keySet()));
        }
        ofDefinition = slots.all().size();
        try {
            machine.ram().forEach(backbone.bus()::addRam);
            machine.rootBuses().forEach(backbone.segment()::addRootBus);
        } catch (IllegalArgumentException refused) {
            // Part of the machine is there and cannot be taken back.
            unusable = true;
            throw Layout.refused(refused.getMessage());
        }
    }

    /**
     * Adds an empty slot for a device.
     *
     * @throws PlugException if the machine type is away or cannot place it, or its name is taken
     */
    DeviceSlot add(Board board, DeviceRequest request) throws PlugException {
        MachineType type = machineTypes
                .find(definition.machine())
                .orElseThrow(() -> new PlugException("machine type %s, which places devices, is not there: %s"
                        .formatted(definition.machine(), "start its bundle")));
        DeviceSlot slot;
        try (var bundle = machineThread()) {
            slot = slot(
                    Layout.place(board, type, request, bundle),
                    request.properties().keySet());
        } catch (ModelFailure refused) {
            throw new PlugException(refused.getMessage());
        }
        slots.add(slot);
        return slot;
    }

    /** Takes a slot away; what the definition had there is not missed. */
    void remove(DeviceSlot slot) {
        if (slots.all().indexOf(slot) < ofDefinition) {
            ofDefinition = ofDefinition - 1;
        }
        slots.remove(slot);
    }

    private ModelThread machineThread() {
        return new ModelThread(definition.name() + "-machine", limits.forCallbacks());
    }

    private DeviceSlot slot(SlotDefinition slot, Set<String> userProperties) throws ModelFailure {
        Optional<DeviceSlot> taken = slots.find(slot.name());
        if (taken.isPresent() || isRootBus(slot.name())) {
            boolean byUser = taken.filter(other -> other.definition().userCreated()).isPresent();
            throw Layout.refused("board %s already has a %s '%s': give the device another id%s".formatted(
                    definition.name(),
                    isRootBus(slot.name()) ? "PCI bus" : "slot",
                    slot.name(),
                    byUser ? "" : ownNames()));
        }
        return new DeviceSlot(slot, userProperties, backbone, slotTimeout);
    }

    private String ownNames() {
        return Stream.concat(
                        machine.slots().stream().map(SlotDefinition::name),
                        machine.rootBuses().stream().map(RootBusDefinition::name))
                .collect(Collectors.joining(", ", "; machine %s itself has ".formatted(definition.machine()), ""));
    }

    private boolean isRootBus(String candidate) {
        return machine.rootBuses().stream().anyMatch(bus -> bus.name().equals(candidate));
    }

    /** {@return the machine, once it is laid out} */
    Optional<MachineDefinition> machine() {
        return Optional.ofNullable(machine);
    }

    /** {@return why the board could not be laid out; empty if it could, or nobody has tried} */
    String trouble() {
        return trouble;
    }

    /** {@return whether a device works in every slot that the machine and the board's definition have} */
    boolean allRunning() {
        List<DeviceSlot> now = slots.all();
        return machine != null
                && now.size() >= ofDefinition
                && now.stream().limit(ofDefinition).allMatch(slot -> slot.state() == State.RUNNING);
    }
}
