package dev.backplane.core.assign;

import dev.backplane.core.pci.PciFunction;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.RealizeException;
import dev.backplane.hostpci.AssignedDeviceContext;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.time.VirtualClock;
import java.util.Optional;
import java.util.function.Function;

/**
 * The door of a host device's model to its board: that of a function, with what connects the device. The model starts
 * no DMA of its own: the device does.
 */
public final class AssignedContext implements AssignedDeviceContext {
    private final Assignments assignments;
    private final PciFunction function;
    private final PciDeviceContext base;
    private final Function<EventFd, Optional<EventFd>> pin;
    private final DmaPort dead;

    /**
     * Makes one.
     *
     * @param assignments the board's host devices
     * @param function the function
     * @param base the door of a function
     * @param pin wires the function's pin through the accelerator, see {@link #pinTrigger}
     */
    public AssignedContext(
            Assignments assignments,
            PciFunction function,
            PciDeviceContext base,
            Function<EventFd, Optional<EventFd>> pin) {
        this.assignments = assignments;
        this.function = function;
        this.base = base;
        this.pin = pin;
        dead = function.deadPort();
    }

    @Override
    public void connect(HostPciDevice device, String iommufd) throws RealizeException {
        assignments.connect(function, base, device, iommufd);
        function.connect(device);
    }

    @Override
    public Optional<EventFd> pinTrigger(EventFd resample) {
        return pin.apply(resample);
    }

    @Override
    public DmaPort dma() {
        return dead;
    }

    @Override
    public InterruptLine intx() {
        return base.intx();
    }

    @Override
    public boolean msiEnabled() {
        return base.msiEnabled();
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        return base.sendMsi(context, vector);
    }

    @Override
    public Optional<EventFd> irqfd(int vector) {
        return base.irqfd(vector);
    }

    @Override
    public Bdf address() {
        return base.address();
    }

    @Override
    public String slot() {
        return base.slot();
    }

    @Override
    public DmaPort memory() {
        return base.memory();
    }

    @Override
    public InterruptLine line(String name) {
        return base.line(name);
    }

    @Override
    public VirtualClock clock() {
        return base.clock();
    }

    @Override
    public Epochs epochs() {
        return base.epochs();
    }

    @Override
    public void defer(Effect effect) {
        base.defer(effect);
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return base.linked(link, capability);
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return base.platform(contract);
    }

    @Override
    public DeviceLog log() {
        return base.log();
    }
}
