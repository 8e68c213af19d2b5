package dev.backplane.core.board;

import dev.backplane.board.Cause;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.core.assign.Assignments;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.epoch.Watchdog;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.irq.LpiStandIn;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.core.msi.BoardIrqchip;
import dev.backplane.core.msi.Messages;
import dev.backplane.core.pci.PciSegment;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.PlatformServices;
import dev.backplane.core.slot.SlotHost;
import dev.backplane.core.time.BoardTime;
import dev.backplane.pci.PciIommuOps;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import java.util.function.Function;

/** What the slots of one board share, and what lasts as long as the board. */
final class Backbone implements SlotHost, AutoCloseable {
    private final String board;
    private final Surroundings surroundings;
    private final Consumer<Runnable> executor;
    private final Function<DeviceSlot, List<Cause>> diagnosis;
    private final SlotTable slots;
    private final EpochDomain epochs = new EpochDomain();
    private final SystemBus bus = new SystemBus(epochs);
    private final BoardTime time;
    private final ConcurrentMap<String, InterruptHub> hubs = new ConcurrentHashMap<>();
    private final ConcurrentMap<String, LpiStandIn> lpis = new ConcurrentHashMap<>();
    private final PciSegment segment;
    private final Messages messages = new Messages(epochs);
    private final Assignments assignments;
    private final Acceleration acceleration;
    private final Watchdog watchdog;

    Backbone(
            String board,
            boolean realTime,
            Duration transactionLimit,
            Surroundings surroundings,
            SlotTable slots,
            Consumer<Runnable> executor,
            Function<DeviceSlot, List<Cause>> diagnosis) {
        this.board = board;
        this.surroundings = surroundings;
        this.slots = slots;
        this.executor = executor;
        this.diagnosis = diagnosis;
        time = new BoardTime(board, realTime);
        segment = new PciSegment(bus, this::hub);
        assignments = new Assignments(bus::ram, epochs);
        segment.onIommus(assignments);
        segment.onIrqfd(messages::irqfd);
        acceleration = new Acceleration(board, surroundings, messages);
        epochs.onExpulsion(time::threadHangs);
        watchdog = new Watchdog(board, epochs, transactionLimit);
    }

    @Override
    public String board() {
        return board;
    }

    @Override
    public EpochDomain epochs() {
        return epochs;
    }

    @Override
    public SystemBus bus() {
        return bus;
    }

    @Override
    public BoardTime time() {
        return time;
    }

    @Override
    public PciSegment segment() {
        return segment;
    }

    @Override
    public InterruptHub hub(String controllerSlot) {
        return hubs.computeIfAbsent(controllerSlot, slot -> new InterruptHub(slot, epochs));
    }

    @Override
    public LpiStandIn lpi(String gicSlot) {
        return lpis.computeIfAbsent(gicSlot, slot -> new LpiStandIn(epochs));
    }

    @Override
    public PlatformServices platform() {
        return acceleration;
    }

    @Override
    public Assignments assignments() {
        return assignments;
    }

    @Override
    public Messages messages() {
        return messages;
    }

    Acceleration acceleration() {
        return acceleration;
    }

    /** {@return whether the machine has what runs its guest} */
    boolean accelerate(AcceleratorChoice choice) {
        return acceleration.begin(
                choice,
                () -> new BoardIrqchip(bus, this::isDoorbell, () -> hub(segment.pinController())),
                listener -> hub(segment.pinController()).onEnded(listener));
    }

    private boolean isDoorbell(long address) {
        for (DeviceSlot slot : slots.all()) {
            OptionalLong doorbell = slot.msiDoorbell();
            if (doorbell.isPresent() && doorbell.getAsLong() == address) {
                return true;
            }
        }
        return false;
    }

    @Override
    public boolean isLinkTarget(String name) {
        return slots.find(name).isPresent() || segment.hasBus(name);
    }

    @Override
    public OptionalLong msiDoorbell(String rootBus) throws ModelFailure {
        return new Doorbells(slots.all()).of(rootBus);
    }

    @Override
    public Runnable publishIommu(String pciBus, String slot, String kind, PciIommuOps ops) {
        return surroundings.publish(
                PciIommuOps.class, ops, Map.of("board", board, "bus", pciBus, "slot", slot, "kind", kind));
    }

    @Override
    public List<Cause> why(DeviceSlot slot) {
        return diagnosis.apply(slot);
    }

    @Override
    public void post(Runnable task) {
        executor.accept(task);
    }

    @Override
    public void close() {
        time.close();
        assignments.close();
        acceleration.close();
        bus.close();
        watchdog.close();
    }
}
