package dev.backplane.qtest.fake;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.board.BoardClock;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Cause;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.PciFabric;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.ResetKind;
import dev.backplane.irq.InterruptController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/** A board with a GIC, an SMMU with four lines and a PCI device of a user; it notes what is done to it. */
public final class FakeBoard implements Board {
    public final FakeClock clock = new FakeClock();
    public final List<String> accesses = new ArrayList<>();
    public final List<String> events = new ArrayList<>();
    private final byte[] ram = new byte[FakePort.RAM_SIZE];
    private final List<InputListener> listeners = new CopyOnWriteArrayList<>();
    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final FakeContext context = new FakeContext();
    /** Whether an accelerator runs the guest. */
    public boolean accelerated;

    private int bridgeNumbers = -1;

    public FakeBoard() {
        add("gic", "arm-gicv3", new Placement.SystemBus(Map.of("gicd", 0x0800_0000L), Map.of()), false,
                (InterruptController) (ignored, intid, asserted) -> events.add("input " + intid + " " + asserted));
        add("smmu0", "arm-smmuv3", new Placement.SystemBus(
                        Map.of("smmu", FakePort.REGISTERS),
                        Map.of("eventq", new Placement.Wire("gic", 106), "gerror", new Placement.Wire("gic", 109))),
                false, new FakeSmmu());
        add("nic", "edu", new Placement.Pci("pcie.0", 8), true, new Object());
    }

    /** Adds a root port rp with a device card behind it, on a bus that software has given that number. */
    public void addBridge(int secondary) {
        bridgeNumbers = secondary << 16 | secondary << 8;
        add("rp", "pcie-root-port", new Placement.Pci("pcie.0", 16), true, new Object());
        add("card", "edu", new Placement.Pci("rp", 0), true, new Object());
    }

    private void add(String name, String type, Placement placement, boolean user, Object device) {
        add(name, type, Map.of("level", 3L), placement, user, device);
    }

    private void add(
            String name, String type, Map<String, ?> properties, Placement placement, boolean user, Object device) {
        slots.put(name, new FakeSlot(new SlotDefinition(name, type, Map.copyOf(properties), placement, user), device));
    }

    /** Fills RAM. */
    public void fill(byte value) {
        Arrays.fill(ram, value);
    }

    @Override
    public Optional<VirtualMachine> virtualMachine() {
        return accelerated
                ? Optional.of((VirtualMachine) Proxy.newProxyInstance(
                        VirtualMachine.class.getClassLoader(), new Class<?>[] {VirtualMachine.class}, (proxy, method,
                                arguments) -> null))
                : Optional.empty();
    }

    /** An input of the GIC changes. */
    public void change(int intid, boolean asserted) {
        listeners.forEach(listener -> listener.changed(intid, asserted));
    }

    @Override
    public String name() {
        return "virt0";
    }

    @Override
    public BoardDefinition definition() {
        return new BoardDefinition(
                "virt0", "virt", Map.of(), List.of(new DeviceRequest("edu", "nic", "", "", Map.of())));
    }

    @Override
    public Optional<MachineDefinition> machine() {
        var root = new RootBusDefinition("pcie.0", 0x40_1000_0000L, 256, new Window(0x3EFF_0000L, 0x1_0000L),
                new Window(0x1000_0000L, 0x2EFF_0000L), new Window(0x80_0000_0000L, 1L << 39), "gic", 35);
        return Optional.of(new MachineDefinition(List.of(), List.of(root), List.of()));
    }

    @Override
    public boolean isComplete() {
        return true;
    }

    @Override
    public boolean awaitComplete(Duration patience) {
        return true;
    }

    @Override
    public List<Cause> why() {
        return List.of();
    }

    @Override
    public List<Slot> slots() {
        return List.copyOf(slots.values());
    }

    @Override
    public Optional<Slot> slot(String name) {
        return Optional.ofNullable(slots.get(name));
    }

    @Override
    public Slot plug(DeviceRequest request) throws PlugException {
        if (request.properties().containsKey("nonsense")) {
            throw new PlugException("edu has no property 'nonsense'; it has dma_mask");
        }
        String name = request.id().isEmpty() ? "edu0" : request.id();
        add(name, request.deviceType(), request.properties(), new Placement.Pci("pcie.0", 16), true, new Object());
        events.add("plug " + request);
        return slots.get(name);
    }

    @Override
    public void unplug(String slot) throws PlugException {
        if (!slots.get(slot).definition().userCreated()) {
            throw new PlugException("slot %s is part of machine virt and must stay".formatted(slot));
        }
        slots.remove(slot);
        events.add("unplug " + slot);
    }

    @Override
    public void update(String slot, Path bundleFile) {}

    @Override
    public void swap(String slot, Map<String, String> properties) {}

    @Override
    public void select(String slot, String bundle) {}

    @Override
    public void reset(ResetKind kind) {
        events.add("reset " + kind);
    }

    @Override
    public DmaPort systemPort(String initiator) {
        return new FakePort(ram, accesses);
    }

    @Override
    public List<MapEntry> memoryMap() {
        return List.of(new MapEntry(FakePort.RAM, FakePort.RAM_SIZE, "mach-virt.ram", "", "ram"),
                new MapEntry(FakePort.REGISTERS, 0x2_0000, "smmu0", "smmu", "mmio"));
    }

    @Override
    public Epochs epochs() {
        return new Epochs() {
            @Override
            public TransactionContext context() {
                return context;
            }

            @Override
            public void synchronize(TransactionContext ignored) {}
        };
    }

    @Override
    public BoardClock clock() {
        return clock;
    }

    @Override
    public PciFabric pci() {
        return new FakeFabric(bridgeNumbers);
    }

    @Override
    public void driveInput(String controller, int intid, boolean asserted) {
        events.add("drive %s %d %b".formatted(controller, intid, asserted));
        change(intid, asserted);
    }

    @Override
    public void drivePrivateInput(String controller, int processor, int intid, boolean asserted) {
        if (processor != 0 || intid < 16) {
            throw new IllegalArgumentException("no private input %d of processor %d".formatted(intid, processor));
        }
        events.add("drive %s %d.%d %b".formatted(controller, processor, intid, asserted));
    }

    @Override
    public AutoCloseable observeInputs(String controller, InputListener listener) {
        listeners.add(listener);
        return () -> listeners.remove(listener);
    }

    @Override
    public Map<String, Long> counters() {
        return Map.of();
    }

    @Override
    public AutoCloseable record(String initiator, AccessRecorder recorder) {
        return () -> {};
    }
}
