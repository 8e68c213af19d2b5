package dev.backplane.board.virt;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineType;
import dev.backplane.board.PlugException;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.service.component.annotations.Component;

/** The Arm {@code virt} machine. */
@Component(service = MachineType.class, property = MachineType.NAME + "=" + VirtMachine.TYPE)
public final class VirtMachine implements MachineType {
    static final String TYPE = "virt";

    @Override
    public String name() {
        return TYPE;
    }

    @Override
    public String description() {
        return "Arm virt: GIC, PCI Express host bridge, SMMUv3";
    }

    @Override
    public List<PropertyDescriptor> options() {
        return VirtOptions.DECLARED;
    }

    @Override
    public MachineDefinition define(DeviceProperties options) {
        return Layouter.layOut(VirtOptions.of(options));
    }

    @Override
    public SlotDefinition prePlug(Board board, DeviceRequest request) throws PlugException {
        return new DevicePlacement(board).place(request);
    }
}
