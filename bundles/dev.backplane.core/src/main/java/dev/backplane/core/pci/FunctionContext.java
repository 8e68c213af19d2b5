package dev.backplane.core.pci;

import dev.backplane.core.memory.DmaRoute;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.RealizeException;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.time.VirtualClock;
import java.util.Optional;

/**
 * One model's door to its function. Of a model that is being made ready to take over, DMA and messages are refused, and
 * its pin is kept until it serves; those of one that no longer serves are refused for good.
 */
final class FunctionContext implements PciDeviceContext, InterruptLine {
    private final PciFunction function;
    private final DeviceContext base;
    private final DmaRoute route;
    private final DmaPort port;
    private final Effect assertPin = context -> drivePin(true);
    private final Effect deassertPin = context -> drivePin(false);
    private volatile boolean serving;
    private volatile Boolean pinBeforeServing;

    FunctionContext(PciFunction function, DeviceContext base, DmaRoute route, DmaPort port) {
        this.function = function;
        this.base = base;
        this.route = route;
        this.port = port;
    }

    DmaRoute route() {
        return route;
    }

    void serving(boolean now) {
        serving = now;
    }

    /** {@return what the model did to its pin before it served, or null} */
    Boolean pinBeforeServing() {
        return pinBeforeServing;
    }

    /** Makes a root bus of this function, which is an expander. */
    void openExpander(int busNumber, boolean bypassesIommu) throws RealizeException {
        function.segment().openExpander(function, busNumber, bypassesIommu);
    }

    @Override
    public DmaPort dma() {
        return port;
    }

    @Override
    public InterruptLine intx() {
        return this;
    }

    @Override
    public void set(boolean asserted) {
        function.gate().defer(asserted ? assertPin : deassertPin);
    }

    @Override
    public void pulse() {
        set(true);
        set(false);
    }

    private void drivePin(boolean level) {
        if (serving) {
            function.assertPin(level);
        } else {
            pinBeforeServing = level;
        }
    }

    @Override
    public boolean msiEnabled() {
        return function.messagesEnabled();
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        return serving ? function.sendMessage(context, vector) : Fault.DEVICE_FAILED;
    }

    @Override
    public Optional<EventFd> irqfd(int vector) {
        function.requireVector(vector);
        return function.segment().irqfd(function, vector);
    }

    @Override
    public Bdf address() {
        return function.address();
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
