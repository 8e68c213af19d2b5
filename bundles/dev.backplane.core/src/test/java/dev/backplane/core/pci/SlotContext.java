package dev.backplane.core.pci;

import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.time.VirtualClock;
import java.util.Optional;

/** The part of a context that is not PCI's, as far as the fabric's tests need it. */
record SlotContext(String slot, EpochDomain epochDomain, DeviceGate gate) implements DeviceContext {
    @Override
    public DmaPort memory() {
        throw new AssertionError("a PCI function's DMA does not go here");
    }

    @Override
    public InterruptLine line(String name) {
        return InterruptHub.unconnected();
    }

    @Override
    public VirtualClock clock() {
        throw new AssertionError("the fabric needs no clock");
    }

    @Override
    public Epochs epochs() {
        return epochDomain;
    }

    @Override
    public void defer(Effect effect) {
        gate.defer(effect);
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return new DeviceLog() {
            @Override
            public void guestError(String message) {}

            @Override
            public void unimplemented(String message) {}
        };
    }
}
