package dev.backplane.core.pci;

import dev.backplane.board.PciFabric;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceContext.Effect;
import dev.backplane.device.ResetKind;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.Translation;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A function as the fabric keeps it: configuration space, BARs, vectors, pin and routes. It outlives the models in its
 * slot. Its state is guarded by the segment's lock; control methods are called on the board's executor.
 */
public final class PciFunction {
    private static final int BARS_PER_FUNCTION = 8;

    private final PciSegment segment;
    private final String slot;
    private final String deviceType;
    private final FunctionLayout layout;
    private final FunctionShape shape;
    private final PciRequester.Kind kind;
    private final DeviceGate gate;
    private final PciBus bus;
    private final int devfn;
    private final IntxPin pin;
    private final FunctionRegisters registers;
    private final SecondaryBus below;
    private final List<FunctionBar> bars;
    private final Requester requester;
    private final DmaPort messagePort;
    private final Effect flush = this::flushMessages;
    private final ModelSeat seat;
    private final PassThrough passThrough;
    private final int pinIntid;
    private volatile VectorFollower follower;

    PciFunction(
            PciSegment segment,
            String slot,
            String deviceType,
            PciFunctionDescription description,
            FunctionLayout layout,
            PciBus bus,
            int devfn,
            DeviceGate gate,
            InterruptLine line,
            int pinIntid,
            PciRequester.Kind assigned,
            int sequence) {
        this.segment = segment;
        this.slot = slot;
        this.deviceType = deviceType;
        this.layout = layout;
        this.bus = bus;
        this.devfn = devfn;
        this.gate = gate;
        shape = FunctionShape.of(description);
        this.pinIntid = pinIntid;
        kind = assigned == null ? kind(description, layout) : assigned;
        boolean maskable = layout.msi() != 0 && description.msiMaskable();
        int msiPending = maskable ? MsiCapability.pendingBits(layout.msi()) : 0;
        passThrough = assigned == null ? null : new PassThrough(
                layout.template(), gate, msiPending, this::pendingOnTheWay);
        pin = new IntxPin(line);
        below = layout.bridge() ? new SecondaryBus(this) : null;
        registers = new FunctionRegisters(this, description, layout, bus, devfn, below, pin);
        bars = new ArrayList<>();
        for (FunctionLayout.BarLayout bar : layout.bars()) {
            var region = new MappedRegion(slot, gate, region(bar, description));
            bars.add(new FunctionBar(bar, region, -1 - (sequence * BARS_PER_FUNCTION + bar.index())));
        }
        requester = new Requester(this::identity, bus::root, this::rerouted);
        seat = new ModelSeat(requester);
        var route = new DmaRoute(slot, gate, requester.attributes());
        requester.add(route);
        requester.enable(!description.busMasterGated());
        messagePort = segment.bus().port(route);
    }

    private static PciRequester.Kind kind(PciFunctionDescription description, FunctionLayout layout) {
        int hostBridgeClass = 0x0600;
        if (layout.bridge()) {
            return PciRequester.Kind.BRIDGE;
        }
        return description.classCode() >>> 8 == hostBridgeClass
                ? PciRequester.Kind.ROOT
                : PciRequester.Kind.EMULATED_ENDPOINT;
    }

    private MmioRegion region(FunctionLayout.BarLayout bar, PciFunctionDescription description) {
        MmioRegion model = description.bars().stream()
                .filter(described -> described.index() == bar.index())
                .map(Bar::region)
                .findFirst()
                .orElse(null);
        MsixTable msix = registers.msix();
        boolean covered = msix != null
                && (msix.geometry().tableBar() == bar.index() || msix.geometry().pbaBar() == bar.index());
        return covered
                ? MsixOverlay.over(msix, bar, model, gate, flush, this::entryWritten, this::pendingInHardware)
                : model;
    }

    /**
     * {@return the slot's context with everything that a PCI function has beyond it} While another model serves, the
     * new one's transactions are refused until {@link #serve}.
     *
     * @param base context of the slot
     */
    public PciDeviceContext context(DeviceContext base) {
        FunctionContext context = segment.locked(() -> {
            var route = new DmaRoute(slot, gate, requester.attributes());
            return seat.admit(new FunctionContext(this, base, route, segment.bus().port(route)));
        });
        segment.resolver().resolve(requester);
        return context;
    }

    /**
     * Refuses a successor that software could tell from the function that it has enumerated.
     *
     * @param description description of the successor
     * @throws IllegalArgumentException naming the first difference
     */
    public void requireSameShape(PciFunctionDescription description) {
        shape.require(slot, FunctionShape.of(description));
    }

    /**
     * Puts the regions of a successor behind the BARs and lets its context serve; the caller has parked the gate.
     *
     * @param description description of the successor
     * @throws IllegalArgumentException if software could tell it from the present one; nothing has changed then
     */
    public void serve(PciFunctionDescription description) {
        requireSameShape(description);
        for (FunctionBar bar : bars) {
            bar.region().serve(region(bar.layout(), description));
        }
        segment.change(effects -> {
            if (seat.handOver(pin)) {
                effects.drive(this);
                effects.reroute(requester);
            }
        });
    }

    /**
     * Lets the model of an assigned device answer for what passes to the device; the caller has parked the gate.
     *
     * @param device the model
     */
    public void serve(AssignedDevice device) {
        passThrough.serve(device);
        VectorFollower following = follower;
        if (following != null) {
            following.serve(device);
        }
    }

    /**
     * Learns of the host device that an assigned function stands for; it stays while models come and go.
     *
     * @param device the open device
     */
    public void connect(HostPciDevice device) {
        passThrough.connect(device);
    }

    /** Lets go of the model: its regions and its context. The caller has parked the gate. */
    public void park() {
        bars.forEach(bar -> bar.region().vacate());
        if (passThrough != null) {
            passThrough.vacate();
        }
        VectorFollower following = follower;
        if (following != null) {
            following.vacate();
        }
        segment.locked(() -> {
            seat.vacate();
            return null;
        });
    }

    /** Forgets the context of a model that was to take over and will not. */
    public void dismiss() {
        segment.locked(() -> {
            seat.dismiss();
            return null;
        });
    }

    /** {@return the function's address now} */
    public Bdf address() {
        return segment.locked(this::addressNow);
    }

    /** {@return the slot that the function belongs to, {@code ""} for the host bridge} */
    public String slot() {
        return slot;
    }

    /** {@return what an IOMMU knows the function by now} */
    public PciRequester requesterNow() {
        return segment.locked(this::identity);
    }

    /** {@return whether software has numbered every bus on the way to the function} */
    public boolean isNumbered() {
        return segment.locked(() -> {
            for (PciBus at = bus; at instanceof SecondaryBus secondary; at = secondary.bridge().bus()) {
                if (secondary.number() == 0) {
                    return false;
                }
            }
            return true;
        });
    }

    /** {@return the name of the root bus that the function is below} */
    public String rootBus() {
        return bus.root().name();
    }

    /** {@return whether an IOMMU governs the function, whether or not a model serves there} */
    public boolean isGoverned() {
        return binding() != null;
    }

    /** {@return the operations that govern the function, or null while no IOMMU or no model of it does} */
    public PciIommuOps iommuOps() {
        IommuBinding binding = binding();
        return binding == null ? null : binding.ops();
    }

    /** {@return the slot of the IOMMU that governs the function, or {@code ""}} */
    public String iommuSlot() {
        IommuBinding binding = binding();
        return binding == null ? "" : binding.slot();
    }

    private IommuBinding binding() {
        return segment.locked(() -> bus.root().bypassesIommu() ? null : bus.root().iommu());
    }

    /** {@return the INTID that the function's pin leads to, or -1 when it has none} */
    public int pinIntid() {
        return pinIntid;
    }

    /** {@return whether Bus Master Enable lets the function start transactions} */
    public boolean mayStart() {
        return requester.isEnabled();
    }

    /** {@return the number of vectors of the MSI-X table, or of the MSI capability; 0 without one} */
    public int vectors(boolean msix) {
        MessageVectors vectors = msix ? registers.msix() : registers.msi();
        return vectors == null ? 0 : vectors.vectors();
    }

    /** {@return how many vectors software may use; 0 while it has not enabled MSI-X, or MSI} */
    public int enabledVectors(boolean msix) {
        MessageVectors vectors = msix ? registers.msix() : registers.msi();
        return vectors == null ? 0 : vectors.enabledVectors();
    }

    /** {@return the message of a vector, or null unless software has enabled it and does not mask it} */
    public Message message(boolean msix, int vector) {
        MessageVectors vectors = msix ? registers.msix() : registers.msi();
        return vectors == null ? null : vectors.message(vector);
    }

    /** {@return whether a vector number means one of the MSI-X table now, rather than one of the MSI capability} */
    public boolean usesMsix() {
        MsixTable msix = registers.msix();
        return msix != null && (registers.msi() == null || msix.isEnabled());
    }

    /**
     * Sends a message as a write of the function.
     *
     * @throws IllegalArgumentException if there is no such vector
     */
    public TransactionResult send(TransactionContext context, int vector) {
        return sendMessage(context, vector);
    }

    /** {@return where a message of the function would go, as a write of it is translated; null where a gate is closed} */
    public Translation translateMessage(TransactionContext context, long address) {
        return segment.bus().translate(messagePort, context, AccessKind.WRITE, address);
    }

    /** {@return whether messages of the function reach the system bus untranslated} */
    public boolean isUntranslated() {
        return segment.bus().isUntranslated(messagePort);
    }

    /** {@return a port of the function on which nothing may start} */
    public DmaPort deadPort() {
        var route = new DmaRoute(slot, gate, requester.attributes());
        route.enable(false);
        return segment.bus().port(route);
    }

    /** {@return the slot's gate} */
    public DeviceGate slotGate() {
        return gate;
    }

    /** Lets somebody follow the function's vectors; once in its life. */
    public void follow(VectorFollower next) {
        follower = next;
    }

    /** {@return who follows the function's vectors, or null} */
    public VectorFollower follower() {
        return follower;
    }

    /** Resets the function's configuration space, vectors and pin; the model is the caller's. */
    public void reset(ResetKind resetKind) {
        segment.change(effects -> registers.reset(resetKind, effects));
    }

    /**
     * Resets the hardware that an assigned function stands for, if no model serves that would do it.
     *
     * @throws HostException if the host cannot
     */
    public void resetUnserved() throws HostException {
        if (passThrough != null) {
            passThrough.resetUnserved();
        }
    }

    /** {@return the function's registers: JDK types by name} */
    public Map<String, Object> save() {
        return segment.locked(() -> FunctionState.save(this));
    }

    /**
     * Takes over registers.
     *
     * @param saved what {@link #save} answered
     * @throws IllegalArgumentException if they are of another function; nothing has changed then
     */
    public void restore(Map<String, ?> saved) {
        segment.change(effects -> {
            FunctionState.restore(this, saved);
            registers.showSlot();
            registers.settle(effects);
        });
    }

    // What follows is called under the segment's lock, unless it says otherwise.

    private Bdf addressNow() {
        return Bdf.ofRequesterId(bus.number() << 8 | devfn);
    }

    private PciRequester identity() {
        Bdf address = addressNow();
        Bdf alias = address;
        for (PciBus at = bus; at instanceof SecondaryBus secondary; at = secondary.bridge().bus()) {
            if (secondary.bridge().layout().conventionalBelow()) {
                alias = secondary.bridge().layout().express() == 0
                        ? secondary.bridge().addressNow()
                        : new Bdf(secondary.number(), 0, 0);
            }
        }
        return new PciRequester(address, alias, deviceType, kind);
    }

    PciFabric.Function view() {
        var mappings = new ArrayList<PciFabric.BarMapping>();
        for (FunctionBar bar : bars) {
            String space = switch (bar.layout().kind()) {
                case MEMORY_32 -> "mem32";
                case MEMORY_64 -> "mem64";
                case IO -> "io";
            };
            mappings.add(new PciFabric.BarMapping(
                    bar.layout().index(), space, registers.barAddress(bar.layout()), bar.layout().size()));
        }
        return new PciFabric.Function(
                addressNow(),
                slot,
                deviceType,
                registers.config().get(ConfigRegister.VENDOR_ID, 2),
                registers.config().get(ConfigRegister.DEVICE_ID, 2),
                registers.config().get(ConfigRegister.REVISION_ID, 4) >>> 8,
                List.copyOf(mappings));
    }

    /** Ends what the function does to the outside. */
    void unplugged(Effects effects) {
        seat.vacate();
        requester.enable(false);
        pin.assertPin(false);
        effects.unplugged(this);
        effects.drive(this);
    }

    void forEachBelow(Consumer<PciFunction> action) {
        if (below != null) {
            for (PciFunction function : below.functions()) {
                action.accept(function);
                function.forEachBelow(action);
            }
        }
    }

    // What follows is called without the segment's lock.

    void assertPin(boolean level) {
        pin.assertPin(level);
        pin.drive();
    }

    boolean messagesEnabled() {
        MsiCapability msi = registers.msi();
        MsixTable msix = registers.msix();
        return msix != null && msix.isEnabled() || msi != null && msi.isEnabled();
    }

    /**
     * Checks a vector number.
     *
     * @throws IllegalArgumentException if the function has no such vector
     */
    void requireVector(int vector) {
        int vectors = Math.max(vectors(true), vectors(false));
        if (vector < 0 || vector >= vectors) {
            throw noVector(vector, vectors);
        }
    }

    private IllegalArgumentException noVector(int vector, int vectors) {
        return new IllegalArgumentException(
                "slot %s has no MSI vector %d: expected below %d".formatted(slot, vector, vectors));
    }

    TransactionResult sendMessage(TransactionContext context, int vector) {
        MsiCapability msi = registers.msi();
        MsixTable msix = registers.msix();
        MessageVectors vectors = msix != null && (msi == null || msix.isEnabled()) ? msix : msi;
        if (vectors == null || vector < 0 || vector >= vectors.vectors()) {
            throw noVector(vector, vectors == null ? 0 : vectors.vectors());
        }
        return vectors.send(context, messagePort, vector);
    }

    void flushMessages(TransactionContext context) {
        if (registers.msi() != null) {
            registers.msi().flush(context, messagePort);
        }
        if (registers.msix() != null) {
            registers.msix().flush(context, messagePort);
        }
    }

    /** Sends what is pending, and lets who follows the vectors look at them. */
    void vectorsChanged(TransactionContext context) {
        flushMessages(context);
        VectorFollower following = follower;
        if (following != null) {
            following.changed(context);
        }
    }

    private void entryWritten(int vector) {
        VectorFollower following = follower;
        if (following != null) {
            gate.defer(context -> following.changed(context, true, vector));
        }
    }

    private long pendingInHardware(int first) {
        return passThrough == null ? 0 : passThrough.pending(true, first);
    }

    private long pendingOnTheWay(boolean msix, int first) {
        VectorFollower following = follower;
        return following == null ? 0 : following.pending(msix, first);
    }

    private void rerouted(TransactionContext context) {
        VectorFollower following = follower;
        if (following != null) {
            following.rerouted(context);
        }
    }

    void tellCommand() {
        if (passThrough != null) {
            boolean master = segment.locked(() -> registers.isMaster());
            boolean disabled = segment.locked(() -> registers.isPinDisabled());
            passThrough.command(master, disabled);
        }
    }

    /** {@return the part that the host's device answers for, or null} */
    PassThrough passThrough() {
        return passThrough;
    }

    PciSegment segment() {
        return segment;
    }

    String deviceType() {
        return deviceType;
    }

    FunctionLayout layout() {
        return layout;
    }

    DeviceGate gate() {
        return gate;
    }

    PciBus bus() {
        return bus;
    }

    int devfn() {
        return devfn;
    }

    FunctionRegisters registers() {
        return registers;
    }

    IntxPin pin() {
        return pin;
    }

    SecondaryBus busBelow() {
        return below;
    }

    List<FunctionBar> bars() {
        return bars;
    }

    Requester requester() {
        return requester;
    }
}
