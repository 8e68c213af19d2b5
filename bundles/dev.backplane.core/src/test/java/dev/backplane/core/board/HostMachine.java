package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.board.MachineType;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.HashMap;
import java.util.List;

/** The fake machine, with an accelerator, and with devices at the PCI bus and address that a user asks for. */
final class HostMachine implements MachineType {
    private final FakeMachine base = new FakeMachine();
    private final AcceleratorChoice accelerator;

    HostMachine(AcceleratorChoice accelerator) {
        this.accelerator = accelerator;
    }

    @Override
    public String name() {
        return base.name();
    }

    @Override
    public String description() {
        return base.description();
    }

    @Override
    public List<PropertyDescriptor> options() {
        return base.options();
    }

    @Override
    public MachineDefinition define(DeviceProperties options) {
        MachineDefinition machine = base.define(options);
        return new MachineDefinition(machine.ram(), machine.rootBuses(), machine.slots(), accelerator);
    }

    @Override
    public SlotDefinition prePlug(Board board, DeviceRequest request) throws PlugException {
        if (request.deviceType().equals(IommuModel.TYPE)) {
            return new SlotDefinition(
                    request.id(), request.deviceType(), new HashMap<>(request.properties()), Placement.none(), true);
        }
        SlotDefinition slot = base.prePlug(board, request);
        if (!(slot.placement() instanceof Placement.Pci) || request.address().isEmpty()) {
            return slot;
        }
        return new SlotDefinition(
                slot.name(),
                slot.deviceType(),
                slot.properties(),
                new Placement.Pci(
                        request.bus().isEmpty() ? "pcie.0" : request.bus(),
                        Integer.parseInt(request.address(), 16) << 3),
                true);
    }
}
