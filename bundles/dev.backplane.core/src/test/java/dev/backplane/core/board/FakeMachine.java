package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.board.MachineType;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A machine with an interrupt controller, a timer wired to it, and a PCI bus. */
final class FakeMachine implements MachineType {
    static final long CONTROLLER = 0x0800_0000L;
    static final long TIMER = 0x0900_0000L;
    static final long RAM = 0x4000_0000L;

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public String description() {
        return "a machine for tests";
    }

    @Override
    public List<PropertyDescriptor> options() {
        return List.of(
                PropertyDescriptor.choice("clock", "realtime", "what drives time", "realtime", "manual"),
                PropertyDescriptor.of("slot-timeout", PropertyType.UINT32, 100L, "milliseconds"));
    }

    @Override
    public MachineDefinition define(DeviceProperties options) {
        return new MachineDefinition(
                List.of(new RamBank("ram", RAM, 0x1_0000, "")),
                List.of(new RootBusDefinition(
                        "pcie.0",
                        0x3F00_0000L,
                        16,
                        new Window(0x3EFF_0000L, 0x1_0000),
                        new Window(0x1000_0000L, 0x2EFF_0000L),
                        null,
                        "gic",
                        35)),
                List.of(
                        slot("gic", "controller", Map.of(), CONTROLLER, Map.of()),
                        slot(
                                "timer",
                                "timer",
                                Map.of("parent", "gic", "place", 7L),
                                TIMER,
                                Placement.wires("gic", 40, List.of("irq")))));
    }

    private static SlotDefinition slot(
            String name, String type, Map<String, Object> properties, long base, Map<String, Placement.Wire> lines) {
        return new SlotDefinition(
                name, type, properties, new Placement.SystemBus(Map.of("regs", base), lines), false);
    }

    @Override
    public SlotDefinition prePlug(Board board, DeviceRequest request) throws PlugException {
        if (request.deviceType().equals("nowhere")) {
            throw new PlugException("there is no place for it");
        }
        String name = request.id().isEmpty() ? request.deviceType() + board.slots().size() : request.id();
        Placement placement = request.deviceType().startsWith("pci")
                ? new Placement.Pci("pcie.0", (board.slots().size() - 1) << 3)
                : new Placement.SystemBus(
                        Map.of("regs", 0x0A00_0000L + board.slots().size() * 0x1000L),
                        Placement.wires("gic", 50 + board.slots().size(), List.of("irq")));
        return new SlotDefinition(name, request.deviceType(), new HashMap<>(request.properties()), placement, true);
    }
}
