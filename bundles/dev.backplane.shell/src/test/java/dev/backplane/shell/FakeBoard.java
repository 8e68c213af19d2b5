package dev.backplane.shell;

import dev.backplane.accelerator.MsiRoutes;
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
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.ResetKind;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A board without an engine: slots that a test fills, and a small RAM. */
final class FakeBoard implements Board {
    final List<String> changes = new ArrayList<>();
    final List<FirmwareContribution> firmware = new ArrayList<>();
    VirtualMachine virtualMachine;
    MsiRoutes msiRoutes;
    static final long RAM = 0x4000_0000L;

    final List<Slot> slots = new ArrayList<>();
    final List<DeviceRequest> plugged = new ArrayList<>();
    final FakeMemory memory = new FakeMemory(RAM, 1 << 16);
    final List<String> driven = new ArrayList<>();
    final FakePci pci = new FakePci(memory);
    int resets;
    private final String name;

    FakeBoard(String name) {
        this.name = name;
    }

    FakeBoard slot(String slot, String type, Object... capabilities) {
        slots.add(new FakeSlot(slot, type, Slot.State.RUNNING, List.of(capabilities)));
        return this;
    }

    FakeBoard parked(String slot, String type, String reason) {
        var parked = new FakeSlot(slot, type, Slot.State.PARKED, List.of());
        parked.why = List.of(new Cause(slot, reason, "install one"));
        slots.add(parked);
        return this;
    }

    @Override
    public List<FirmwareContribution> firmware() {
        return firmware;
    }

    @Override
    public Optional<VirtualMachine> virtualMachine() {
        return Optional.ofNullable(virtualMachine);
    }

    @Override
    public Optional<MsiRoutes> msiRoutes() {
        return Optional.ofNullable(msiRoutes);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public BoardDefinition definition() {
        return new BoardDefinition(name, "virt", Map.of("gic-version", "3"), List.of());
    }

    @Override
    public Optional<MachineDefinition> machine() {
        return Optional.of(new MachineDefinition(
                List.of(new MachineDefinition.RamBank("ram", RAM, 1 << 20, "")), List.of(), List.of()));
    }

    @Override
    public boolean isComplete() {
        return why().isEmpty();
    }

    @Override
    public boolean awaitComplete(Duration patience) {
        return isComplete();
    }

    @Override
    public List<Cause> why() {
        return slots.stream().flatMap(slot -> slot.why().stream()).toList();
    }

    @Override
    public List<Slot> slots() {
        return slots;
    }

    @Override
    public Optional<Slot> slot(String wanted) {
        return slots.stream().filter(slot -> slot.name().equals(wanted)).findFirst();
    }

    @Override
    public Slot plug(DeviceRequest request) throws PlugException {
        if (request.address().equals("00.0")) {
            throw new PlugException("addr=00.0: the host bridge sits there; leave addr out");
        }
        plugged.add(request);
        return new FakeSlot(request.id().isEmpty() ? request.deviceType() + "0" : request.id(), request.deviceType(),
                Slot.State.RUNNING, List.of());
    }

    @Override
    public void unplug(String slot) throws PlugException {
        throw new PlugException("slot %s is the machine's own and stays".formatted(slot));
    }

    @Override
    public void update(String slot, Path bundleFile) {}

    @Override
    public void swap(String slot, Map<String, String> properties) {
        changes.add("swap %s %s".formatted(slot, properties));
    }

    @Override
    public void select(String slot, String bundle) {
        changes.add("select %s '%s'".formatted(slot, bundle));
    }

    @Override
    public void reset(ResetKind kind) {
        resets++;
    }

    @Override
    public DmaPort systemPort(String initiator) {
        return memory;
    }

    @Override
    public List<MapEntry> memoryMap() {
        return List.of(new MapEntry(0x0905_0000L, 0x20000, "smmu0", "smmu", "mmio"),
                new MapEntry(RAM, 1 << 16, "ram", "ram",
                "ram"));
    }

    @Override
    public Epochs epochs() {
        return new Epochs() {
            @Override
            public TransactionContext context() {
                return memory.context;
            }

            @Override
            public void synchronize(TransactionContext context) {}
        };
    }

    @Override
    public BoardClock clock() {
        return new BoardClock() {
            @Override
            public long now() {
                return 42;
            }

            @Override
            public boolean isRealTime() {
                return true;
            }

            @Override
            public void advanceTo(long time) {}

            @Override
            public long nextDeadline() {
                return -1;
            }

            @Override
            public void pause() {
                throw new AssertionError("nothing here pauses");
            }

            @Override
            public void resume() {
                throw new AssertionError("nothing here pauses");
            }

            @Override
            public boolean isPaused() {
                return false;
            }
        };
    }

    @Override
    public PciFabric pci() {
        return pci;
    }

    @Override
    public void driveInput(String controller, int intid, boolean asserted) {
        driven.add("%s %d %b".formatted(controller, intid, asserted));
    }

    @Override
    public void drivePrivateInput(String controller, int processor, int intid, boolean asserted) {
        driven.add("%s %d.%d %b".formatted(controller, processor, intid, asserted));
    }

    @Override
    public AutoCloseable observeInputs(String controller, InputListener listener) {
        return () -> {};
    }

    @Override
    public Map<String, Long> counters() {
        return Map.of("aborts", 3L);
    }

    @Override
    public AutoCloseable record(String initiator, AccessRecorder recorder) {
        return () -> {};
    }

    static SlotDefinition definition(String name, String type) {
        return new SlotDefinition(name, type, Map.of(), Placement.none(), false);
    }
}
