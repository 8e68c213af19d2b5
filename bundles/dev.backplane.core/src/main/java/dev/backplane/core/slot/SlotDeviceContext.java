package dev.backplane.core.slot;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.time.DeviceClock;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.Leases;
import dev.backplane.irq.InterruptLine;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.time.VirtualClock;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;

/** The door of one model to its board. Revoked when the model is disposed of: nothing taken here works afterwards. */
sealed class SlotDeviceContext implements DeviceContext permits RehearsalContext {
    private final String slot;
    private final SlotHost host;
    private final DeviceGate gate;
    private final DeviceProperties properties;
    private final Map<String, InterruptLine> lines;
    private final GuestLog log;
    private final DeviceClock clock;
    private final RevocablePort memory;
    private final Leases leases;
    private final List<Runnable> services = new CopyOnWriteArrayList<>();
    private final Set<String> missing = new HashSet<>();
    private volatile boolean revoked;

    SlotDeviceContext(
            String slot,
            SlotHost host,
            DeviceGate gate,
            DmaPort port,
            DeviceProperties properties,
            Map<String, InterruptLine> lines,
            GuestLog log,
            Leases leases) {
        this.slot = slot;
        this.host = host;
        this.gate = gate;
        this.properties = properties;
        this.lines = lines;
        this.log = log;
        this.leases = leases;
        clock = new DeviceClock(host.time(), gate, host.epochs());
        memory = new RevocablePort(this, port);
    }

    @Override
    public String slot() {
        return slot;
    }

    @Override
    public DmaPort memory() {
        return memory;
    }

    @Override
    public InterruptLine line(String name) {
        InterruptLine line = lines.get(name);
        if (line == null) {
            throw new IllegalArgumentException("slot %s: the model declared no line '%s'; it declared %s"
                    .formatted(slot, name, lines.isEmpty() ? "none" : String.join(", ", lines.keySet())));
        }
        return new RevocableLine(this, line);
    }

    @Override
    public VirtualClock clock() {
        return clock;
    }

    /** {@return the clock with its controls} */
    DeviceClock deviceClock() {
        return clock;
    }

    @Override
    public Epochs epochs() {
        return host.epochs();
    }

    @Override
    public void defer(Effect effect) {
        if (!revoked) {
            gate.defer(effect);
        }
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        if (properties.text(link).isEmpty()) {
            return Optional.empty();
        }
        if (capability != LpiController.class) {
            throw new IllegalArgumentException("slot %s: the engine has no stand-in for %s; it has one for %s"
                    .formatted(slot, capability.getName(), LpiController.class.getName()));
        }
        return Optional.of(capability.cast(host.lpi(properties.text(link))));
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        if (revoked) {
            return Optional.empty();
        }
        if (contract == Leases.class) {
            return Optional.of(contract.cast(leases));
        }
        Optional<PlatformServices.Lease<T>> found = host.platform().find(contract);
        // Whether a board has a virtual machine is a matter of its options, not of what arrives.
        if (found.isEmpty() && contract != VirtualMachine.class) {
            synchronized (missing) {
                missing.add(contract.getName());
            }
        }
        return found.map(lease -> {
            services.add(lease.release());
            return lease.service();
        });
    }

    /** {@return contracts that the model asked for in vain} */
    Set<String> missingContracts() {
        synchronized (missing) {
            return Set.copyOf(missing);
        }
    }

    @Override
    public DeviceLog log() {
        return log;
    }

    boolean isRevoked() {
        return revoked;
    }

    /** Ends everything that was taken here. */
    final void revoke() {
        revoked = true;
        clock.revoke();
        services.forEach(Runnable::run);
        services.clear();
    }
}
