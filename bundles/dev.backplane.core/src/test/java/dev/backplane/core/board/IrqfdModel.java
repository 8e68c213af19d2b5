package dev.backplane.core.board;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An emulated endpoint that sends vector 0 through the accelerator, if there is one, and vector 1 by itself. */
final class IrqfdModel implements PciDevice {
    static final String TYPE = "pci-irqfd";

    static IrqfdModel last;
    PciDeviceContext context;
    Optional<EventFd> event;

    /** Makes them. */
    static final class Factory implements DeviceFactory {
        Offer offer(long id) {
            return new Offer(
                    id, id, (int) id, IrqfdModel.TYPE, id, "irqfd [" + id + "]", this, FactoryCondition.ALWAYS);
        }

        @Override
        public String type() {
            return IrqfdModel.TYPE;
        }

        @Override
        public String description() {
            return "uses irqfd";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of();
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            last = new IrqfdModel();
            return last;
        }
    }

    @Override
    public PciFunctionDescription describe() {
        return PciFunctionDescription.builder(0x1234, 0x0001)
                .msi(2, true)
                .msix(new Msix(2, 0, 0, 0, 0x800))
                .build();
    }

    @Override
    public void realize(PciDeviceContext door) {
        context = door;
        event = door.irqfd(0);
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        return new SavedState(TYPE, 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {}
}
