package dev.backplane.host.pci;

import dev.backplane.host.memory.FaultPlan;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.Operation;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.host.smmu.StreamEntries;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.hostpci.HostPciFunction;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.Executor;

/** The physical PCI devices of the host. */
public final class HostPci implements HostPciDevices {
    private static final int BUSES = 254;

    private final FaultPlan faults;
    private final HostEpochs epochs;
    private final Executor threads;
    private final HostIts its;
    private final NavigableMap<String, PhysicalFunction> functions = new TreeMap<>();
    /** By address; guarded by this. */
    private final NavigableMap<String, OpenDevice> open = new TreeMap<>();

    /** Makes a host without devices; engines of those to come work on {@code threads}. */
    public HostPci(FaultPlan faults, HostEpochs epochs, Executor threads, HostIts its) {
        this.faults = faults;
        this.epochs = epochs;
        this.threads = threads;
        this.its = its;
    }

    /**
     * Puts a device behind an SMMU, before the host is in use. Each SMMU has a PCI segment of its own.
     *
     * @param segment number of the SMMU and of its segment
     * @param number number of the device behind that SMMU, from 0
     * @throws HostException ENOMEM
     */
    public void add(HostSmmu smmu, int segment, int number, DeviceKind kind) throws HostException {
        // One device on each bus as behind root ports, and only then further ones; two functions each for aliases.
        int bus = 1 + number % BUSES;
        int devfn = 2 * (number / BUSES);
        int streamId = bus << 8 | devfn;
        if (streamId >>> smmu.parameters().streamBits() != 0 || devfn > 0xFE) {
            throw new IllegalArgumentException("device %d behind %s has StreamID 0x%x: expected at most %d bits; "
                    .formatted(number, smmu.name(), streamId, smmu.parameters().streamBits())
                    + "take fewer devices or a larger sidsize");
        }
        String address = "%04x:%02x:%02x.%x".formatted(segment, bus, devfn >>> 3, devfn & 7);
        var function = new PhysicalFunction(
                address, kind, segment << 16 | streamId, streamId, smmu, its, epochs, threads);
        smmu.install(function.streamIds(), StreamEntries.abort());
        functions.put(address, function);
    }

    @Override
    public List<String> addresses() {
        return List.copyOf(functions.keySet());
    }

    @Override
    public HostPciFunction function(String address) throws HostException {
        return find(address).function();
    }

    @Override
    public HostPciDevice open(String address) throws HostException {
        PhysicalFunction function = find(address);
        faults.check(Operation.VFIO_DEVICE_OPEN);
        synchronized (this) {
            if (open.containsKey(address)) {
                throw new HostException(Operation.VFIO_DEVICE_OPEN.name(), Errno.EBUSY,
                        "%s is open already".formatted(address));
            }
            var device = new OpenDevice(function, faults, () -> closed(address));
            open.put(address, device);
            return device;
        }
    }

    private synchronized void closed(String address) {
        open.remove(address);
    }

    private PhysicalFunction find(String address) throws HostException {
        PhysicalFunction function = functions.get(address);
        if (function == null) {
            throw new HostException(Operation.VFIO_DEVICE_OPEN.name(), Errno.ENODEV,
                    "the host has no device %s to give away".formatted(address));
        }
        return function;
    }

    @Override
    public List<InspectNode> inspect() {
        return functions.values().stream().map(this::inspect).toList();
    }

    private InspectNode inspect(PhysicalFunction function) {
        boolean isOpen;
        synchronized (this) {
            isOpen = open.containsKey(function.address());
        }
        var facts = new ArrayList<InspectNode>();
        facts.add(InspectNode.text("IDs", "%04x:%04x".formatted(
                PhysicalConfig.VENDOR, function.kind().deviceId())));
        facts.add(InspectNode.text("kind", function.kind().text()));
        facts.add(InspectNode.text("SMMU", function.smmu().name()));
        facts.add(InspectNode.text("StreamID", String.join(", ",
                function.streamIds().stream().map(id -> "0x%x".formatted(id)).toList())));
        facts.add(InspectNode.text("state", function.isBound() ? "bound" : isOpen ? "open" : "free"));
        facts.add(InspectNode.text("bus master", function.mayMaster() ? "on" : "off"));
        facts.add(InspectNode.text("interrupts",
                function.usesVectors() ? "MSI-X" : function.usesPin() ? "INTx" : "none"));
        var counters = new TreeMap<>(function.counters());
        if (function.hasAts()) {
            facts.add(InspectNode.text("ATS", function.uplink().isAtsEnabled() ? "on" : "off"));
            counters.put("translated", function.uplink().translated());
            counters.put("ATC invalidations", function.uplink().cache().invalidations());
        }
        facts.add(InspectNode.group("counters", counters.entrySet().stream()
                .map(counter -> InspectNode.number(counter.getKey(), counter.getValue())).toList()));
        return new InspectNode(function.address(), "", "", facts);
    }

    /** Closes what is open still. */
    public void close() {
        List<OpenDevice> left;
        synchronized (this) {
            left = List.copyOf(open.values());
        }
        left.forEach(OpenDevice::close);
    }
}
