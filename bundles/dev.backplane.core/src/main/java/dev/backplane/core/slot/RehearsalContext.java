package dev.backplane.core.slot;

import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.irq.LpiStandIn;
import dev.backplane.device.DeviceProperties;
import dev.backplane.irq.InterruptLine;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import java.util.Map;
import java.util.Optional;
import java.util.ResourceBundle;

/**
 * A door to the board that leads nowhere: memory faults, lines and messages reach nobody, time brings no timer, the
 * platform has nothing.
 */
final class RehearsalContext extends SlotDeviceContext implements PciDeviceContext {
    private static final System.Logger SILENCE = new System.Logger() {
        @Override
        public String getName() {
            return "silence";
        }

        @Override
        public boolean isLoggable(Level level) {
            return false;
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {}

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... arguments) {}
    };

    private final DeviceSlot slot;

    RehearsalContext(DeviceSlot slot, DeviceProperties properties, Map<String, InterruptLine> lines) {
        super(
                slot.name(),
                slot.host(),
                slot.gate(),
                slot.port(),
                properties,
                lines,
                new GuestLog(name -> SILENCE, slot.name()),
                // A platform with nothing has no leases either.
                null);
        this.slot = slot;
        revoke();
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        // What the real one answers decides whether there is anything; nothing is said to it.
        return super.linked(link, capability)
                .filter(LpiController.class::isInstance)
                .map(present -> capability.cast(new LpiStandIn(slot.host().epochs())));
    }

    @Override
    public DmaPort dma() {
        return memory();
    }

    @Override
    public InterruptLine intx() {
        return InterruptHub.unconnected();
    }

    @Override
    public boolean msiEnabled() {
        return false;
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        return Fault.DEVICE_FAILED;
    }

    @Override
    public Bdf address() {
        return slot.pciAddress().orElse(new Bdf(0, 0, 0));
    }
}
