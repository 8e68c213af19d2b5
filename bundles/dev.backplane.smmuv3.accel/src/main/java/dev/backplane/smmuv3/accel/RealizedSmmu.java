package dev.backplane.smmuv3.accel;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.Leases;
import dev.backplane.device.RealizeException;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciRequester;
import dev.backplane.smmuv3.control.SmmuIdentity;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An SMMU between realize and unrealize. Its ID registers are open until the machine is done: what properties leave to
 * the host is what all devices offer that are there then, in the order of the definition, and stays so.
 */
final class RealizedSmmu implements AccelIommuOps.Connections {
    private static final int STATE_VERSION = 1;
    private static final String REGISTERS = "registers";
    private static final String FROZEN = "frozen";
    private static final String STREAMS = "streams";
    private static final String NEXT_EVENT = "next-event";

    private final AccelProperties properties;
    private final DeviceContext device;
    private final Counters counters = new Counters();
    private final Assignments assignments;
    private final InvalidationBatch batch;
    private final EventForwarder events;
    private final BridgeSpace bridges;
    /** What devices offered that were connected before the machine was done; behind a bus without number briefly. */
    private final Map<String, HardwareInfo> seen = new LinkedHashMap<>();
    private volatile AccelCore core;
    /** The guest may have seen the ID registers. */
    private boolean frozen;

    private volatile boolean running;

    RealizedSmmu(AccelProperties properties, DeviceContext device) throws RealizeException {
        this.properties = properties;
        this.device = device;
        if (properties.primaryBus().isEmpty()) {
            throw new RealizeException("SMMU is not attached to any PCI bus! Set " + PciIommu.PRIMARY_BUS
                    + " to the root bus that it is to govern, for example pcie.1");
        }
        boolean accelerated = device.platform(VirtualMachine.class)
                .filter(vm -> vm.accelerator().equals("kvm") && vm.irqchipInKernel())
                .isPresent();
        if (!accelerated) {
            throw new RealizeException("SMMUv3 accel=on requires KVM with kernel-irqchip=on support: run the machine "
                    + "with accel=kvm and without kernel-irqchip=off, or set accel=off");
        }
        Leases leases = device.platform(Leases.class).orElseThrow(() -> new RealizeException(
                "SMMUv3 accel=on keeps objects of the host, and this board keeps no leases for slot " + device.slot()));
        var objects = new HostObjects(leases, device.log());
        assignments = new Assignments(objects, counters, device.log(), this::eventsOf);
        events = new EventForwarder(
                device.epochs(), () -> core().control(), new FaultRecords(assignments), counters, device.log());
        batch = new InvalidationBatch(assignments, counters, device.log());
        bridges = new BridgeSpace(assignments, counters);
        try {
            show(ShownIdentity.of(properties, HostFeatures.least(properties.outputBits())));
        } catch (IllegalArgumentException e) {
            throw new RealizeException(e.getMessage());
        }
    }

    private void eventsOf(VeventQueue queue) {
        if (running || queue == null) {
            events.serve(queue);
        }
    }

    private void show(SmmuIdentity identity) {
        AccelCore newest = AccelCore.of(identity, device, assignments, batch);
        core = newest;
        bridges.serve(newest.translator());
        assignments.serve(new StreamPolicy(identity, device.memory()));
    }

    AccelCore core() {
        return core;
    }

    BridgeSpace bridges() {
        return bridges;
    }

    Assignments assignments() {
        return assignments;
    }

    Counters counters() {
        return counters;
    }

    DeviceContext device() {
        return device;
    }

    synchronized boolean isFrozen() {
        return frozen;
    }

    @Override
    public synchronized Optional<String> connect(PciRequester function, AssignedFunction host, HardwareInfo info) {
        if (!assignments.isConnected(host.hostName()) && !assignments.isAdopting()) {
            Optional<String> refusal = frozen
                    ? Compatibility.check(host.hostName(), info, core.identity())
                    : checkOpen(host.hostName(), info);
            if (refusal.isPresent()) {
                return refusal;
            }
        }
        Optional<String> refusal = assignments.connect(device.epochs().context(), function, host, info);
        if (refusal.isEmpty() && !frozen) {
            seen.put(host.hostName(), info);
        }
        return refusal;
    }

    /** What is open would become what all devices offer; what is not must be offered. */
    private Optional<String> checkOpen(String host, HardwareInfo info) {
        HostFeatures features = seen.values().stream()
                .map(HostFeatures::of)
                .reduce(HostFeatures.of(info), HostFeatures::and);
        try {
            return Compatibility.check(host, info, ShownIdentity.of(properties, features));
        } catch (IllegalArgumentException e) {
            return Optional.of("host device %s cannot be behind this SMMU: %s".formatted(host, e.getMessage()));
        }
    }

    @Override
    public void disconnect(PciRequester function) {
        assignments.disconnect(function);
    }

    /** Settles the ID registers; the guest has not run, so that nothing is lost. */
    void freeze() throws RealizeException {
        if (settle()) {
            // Without the monitor: this waits for transactions, and one of them may be moving a device.
            core.control().reset(device.epochs().context());
        }
    }

    /** {@return whether the ID registers show something else now} */
    private synchronized boolean settle() throws RealizeException {
        if (frozen) {
            return false;
        }
        Optional<HostFeatures> offered =
                seen.values().stream().map(HostFeatures::of).reduce(HostFeatures::and);
        if (offered.isEmpty()) {
            device.log().hostError("no device is assigned when the machine is done: what is auto is what any host can "
                    + "do (ats=off, ril=off, ssidsize=0, oas=44, granules=4K); devices plugged later must offer that");
        }
        SmmuIdentity identity;
        try {
            identity = ShownIdentity.of(properties, offered.orElse(HostFeatures.ANY_HOST));
        } catch (IllegalArgumentException e) {
            throw new RealizeException(e.getMessage());
        }
        boolean changed = !identity.equals(core.identity());
        if (changed) {
            show(identity);
        }
        frozen = true;
        seen.clear();
        return changed;
    }

    void reset() {
        core.control().reset(device.epochs().context());
        run();
    }

    void resume() {
        run();
        // Commands that waited act on streams that are served again.
        core.control().resume(device.epochs().context());
    }

    private void run() {
        running = true;
        assignments.run(device.epochs().context());
    }

    void quiesce() {
        running = false;
        events.pause();
    }

    synchronized SavedState save() {
        return new SavedState(AccelSmmuFactory.DEVICE_TYPE, STATE_VERSION, Map.of(
                REGISTERS, core.control().save(),
                FROZEN, frozen,
                STREAMS, assignments.save(),
                NEXT_EVENT, events.position()));
    }

    synchronized void restore(SavedState state) throws RestoreException {
        state.require(AccelSmmuFactory.DEVICE_TYPE, STATE_VERSION);
        Map<?, ?> registers = state.get(REGISTERS, Map.class);
        SmmuIdentity identity;
        try {
            identity = ShownIdentity.of(properties, ShownIdentity.saved(registers));
        } catch (IllegalArgumentException e) {
            throw new RestoreException("the saved ID registers show what this SMMU cannot: " + e.getMessage());
        }
        Optional<String> refusal = assignments.check(identity);
        if (refusal.isPresent()) {
            throw new RestoreException(refusal.get());
        }
        show(identity);
        assignments.restore(state.has(STREAMS) ? state.get(STREAMS, List.class) : List.of());
        core.control().restore(device.epochs().context(), registers);
        events.position(state.has(NEXT_EVENT) ? state.getLong(NEXT_EVENT) : -1);
        // An SMMU that was emulated until now has shown its registers.
        frozen = !state.has(FROZEN) || state.get(FROZEN, Boolean.class);
    }
}
