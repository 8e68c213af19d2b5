package dev.backplane.host.pci;

import dev.backplane.host.iommufd.BindableDevice;
import dev.backplane.host.memory.HostContext;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostPort;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.host.smmu.TranslationClient;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.hostpci.HostPciDevice.Region;
import dev.backplane.hostpci.HostPciFunction;
import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.stream.IntStream;

/**
 * A physical PCI function: configuration space, registers, MSI-X, pin, and an engine that works on its own.
 * Thread-safe.
 */
final class PhysicalFunction implements BindableDevice, TranslationClient, DmaEngine.Surroundings {
    /** IOVA of the page that the host's interrupt controller is mapped at for every device. */
    static final long MESSAGE_ADDRESS = 0x0800_0000L + HostIts.TRANSLATER;

    private static final int REGIONS = 9;
    private static final List<Region> ALL_REGIONS = layOut();

    private final String address;
    private final DeviceKind kind;
    private final HostSmmu smmu;
    private final HostIts.Device events;
    private final HostEpochs epochs;
    private final Executor threads;
    private final List<Integer> streamIds;
    private final Uplink uplink;
    private final DmaEngine engine;

    // Guarded by this.
    private final PhysicalConfig config;
    private final MsixUnit msix = new MsixUnit();
    private EventFd pinTrigger;
    private boolean pinMasked;
    private boolean bound;

    /**
     * Makes a function.
     *
     * @param number number on the host, for its serial number
     * @param streamId its (first) requester ID
     */
    PhysicalFunction(
            String address,
            DeviceKind kind,
            int number,
            int streamId,
            HostSmmu smmu,
            HostIts its,
            HostEpochs epochs,
            Executor threads) {
        this.address = address;
        this.kind = kind;
        this.smmu = smmu;
        events = its.mapDevice(MsixUnit.VECTORS);
        this.epochs = epochs;
        this.threads = threads;
        streamIds = IntStream.range(streamId, streamId + kind.requesterIds()).boxed().toList();
        config = new PhysicalConfig(kind, 0x0001_0000_0000L | number);
        uplink = new Uplink(smmu.hardware(), new HostPort(smmu.memory(), address), events, streamId);
        engine = new DmaEngine(uplink, epochs, threads, this);
        streamIds.forEach(id -> smmu.hardware().connect(id, this));
    }

    @Override
    public String address() {
        return address;
    }

    DeviceKind kind() {
        return kind;
    }

    @Override
    public HostSmmu smmu() {
        return smmu;
    }

    @Override
    public List<Integer> streamIds() {
        return streamIds;
    }

    @Override
    public int pasidBits() {
        return kind.pasidBits();
    }

    @Override
    public boolean hasAts() {
        return kind.hasAts();
    }

    @Override
    public void enableAts(boolean enabled) {
        synchronized (this) {
            config.set(PhysicalConfig.ATS + 6, PhysicalConfig.ATS_ENABLE, enabled);
        }
        uplink.enableAts(enabled);
    }

    @Override
    public void invalidateTranslations(int substreamId, boolean global, long first, int log2Pages) {
        uplink.cache().invalidate();
    }

    synchronized boolean bind() {
        boolean free = !bound;
        bound = true;
        return free;
    }

    @Override
    public synchronized void unbound() {
        bound = false;
    }

    synchronized boolean isBound() {
        return bound;
    }

    synchronized HostPciFunction function() {
        return new HostPciFunction(address, config.copy(), regions());
    }

    /** {@return the regions by index} */
    static List<Region> regions() {
        return ALL_REGIONS;
    }

    private static List<Region> layOut() {
        var regions = new ArrayList<Region>();
        for (int index = 0; index < REGIONS; index++) {
            long size = switch (index) {
                case 0 -> EngineRegister.BAR_BYTES;
                case MsixUnit.BAR -> MsixUnit.BAR_BYTES;
                case HostPciDevice.CONFIG_REGION -> PhysicalConfig.BYTES;
                default -> 0;
            };
            regions.add(new Region(index, size, size != 0, size != 0));
        }
        return List.copyOf(regions);
    }

    /** Reads four bytes of a BAR. */
    int readBar(int bar, int offset) {
        if (bar == 0) {
            return engine.read(offset);
        }
        synchronized (this) {
            return msix.read(offset);
        }
    }

    /** Writes four bytes of a BAR. The MSI-X table is the host's. */
    void writeBar(int bar, int offset, int value) {
        if (bar == 0) {
            engine.write(offset, value);
        }
    }

    synchronized int readConfig(int offset, int size) {
        return config.read(offset, size);
    }

    void writeConfig(int offset, int size, int value) {
        boolean reset;
        boolean stopped;
        synchronized (this) {
            boolean mastered = isMaster();
            reset = config.write(offset, size, value);
            stopped = mastered && !isMaster();
        }
        if (reset) {
            reset();
        }
        if (stopped) {
            engine.awaitStep();
        }
        firePin();
    }

    // Interrupts.

    /** Enables MSI-X and connects vectors; null disconnects. */
    void connectVectors(int first, List<EventFd> triggers) {
        var fire = new ArrayList<Integer>();
        synchronized (this) {
            for (int i = 0; i < triggers.size(); i++) {
                int vector = first + i;
                EventFd trigger = triggers.get(i);
                events.connect(vector, trigger);
                msix.program(vector, trigger == null ? 0 : MESSAGE_ADDRESS, vector, trigger == null);
                if (trigger != null && msix.takePending(vector)) {
                    fire.add(vector);
                }
            }
            config.set(PhysicalConfig.MSIX + 2, PhysicalConfig.MSIX_ENABLE, true);
        }
        fire.forEach(vector -> threads.execute(() -> send(epochs.context(), vector)));
    }

    void disableVectors() {
        synchronized (this) {
            config.set(PhysicalConfig.MSIX + 2, PhysicalConfig.MSIX_ENABLE, false);
            msix.reset();
            for (int vector = 0; vector < MsixUnit.VECTORS; vector++) {
                events.connect(vector, null);
            }
        }
    }

    synchronized boolean usesVectors() {
        return config.is(PhysicalConfig.MSIX + 2, PhysicalConfig.MSIX_ENABLE);
    }

    void connectPin(EventFd trigger) {
        synchronized (this) {
            pinTrigger = trigger;
            pinMasked = false;
        }
        firePin();
    }

    synchronized boolean usesPin() {
        return pinTrigger != null;
    }

    void maskPin(boolean masked) {
        synchronized (this) {
            pinMasked = masked;
        }
        firePin();
    }

    private void firePin() {
        EventFd fired = null;
        synchronized (this) {
            if (pin() && !pinMasked && pinTrigger != null
                    && !config.is(PhysicalConfig.COMMAND, PhysicalConfig.INTX_DISABLE)) {
                pinMasked = true;
                fired = pinTrigger;
            }
        }
        if (fired != null) {
            fired.signal();
        }
    }

    @Override
    public synchronized boolean mayMaster() {
        return bound && isMaster();
    }

    private boolean isMaster() {
        return config.is(PhysicalConfig.COMMAND, PhysicalConfig.BUS_MASTER);
    }

    @Override
    public void interrupt(HostContext context, int vector) {
        if (usesVectors()) {
            send(context, vector);
            return;
        }
        synchronized (this) {
            raisePin(true);
        }
        firePin();
    }

    private void send(HostContext context, int vector) {
        if (vector < 0 || vector >= MsixUnit.VECTORS) {
            return;
        }
        long to;
        int data;
        synchronized (this) {
            if (msix.isMasked(vector)) {
                msix.setPending(vector);
                return;
            }
            if (!mayMaster()) {
                return;
            }
            to = msix.address(vector);
            data = msix.data(vector);
        }
        engine.count(uplink.message(context, to, data)
                ? EngineRegister.MESSAGES
                : EngineRegister.LOST_MESSAGES, 1);
    }

    @Override
    public synchronized boolean pin() {
        return config.is(PhysicalConfig.STATUS, PhysicalConfig.INTERRUPT_STATUS);
    }

    /** The pin's level is what Interrupt Status shows, whether or not Interrupt Disable is set (PCIe 7.5.1.1.4). */
    private void raisePin(boolean level) {
        config.set(PhysicalConfig.STATUS, PhysicalConfig.INTERRUPT_STATUS, level);
    }

    @Override
    public synchronized void clearPin() {
        raisePin(false);
    }

    /** Resets the function; what the host has set up of its interrupts and of ATS it sets up again. */
    void reset() {
        engine.reset();
        synchronized (this) {
            raisePin(false);
            pinMasked = false;
            for (int vector = 0; vector < MsixUnit.VECTORS; vector++) {
                msix.takePending(vector);
            }
        }
        uplink.cache().invalidate();
    }

    /** Bus mastering goes off, as for a device that somebody has just opened. */
    synchronized void disableMastering() {
        config.set(PhysicalConfig.COMMAND, PhysicalConfig.BUS_MASTER, false);
    }

    Map<String, Long> counters() {
        return engine.counters();
    }

    Uplink uplink() {
        return uplink;
    }
}
