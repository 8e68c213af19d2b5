package dev.backplane.core.pci;

import dev.backplane.board.PciFabric;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceContext.Effect;
import dev.backplane.device.ResetKind;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
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
            int sequence) {
        this.segment = segment;
        this.slot = slot;
        this.deviceType = deviceType;
        this.layout = layout;
        this.bus = bus;
        this.devfn = devfn;
        this.gate = gate;
        shape = FunctionShape.of(description);
        kind = kind(description, layout);
        pin = new IntxPin(line);
        below = layout.bridge() ? new SecondaryBus(this) : null;
        registers = new FunctionRegisters(this, description, layout, bus, devfn, below, pin);
        bars = new ArrayList<>();
        for (FunctionLayout.BarLayout bar : layout.bars()) {
            var region = new MappedRegion(slot, gate, region(bar, description));
            bars.add(new FunctionBar(bar, region, -1 - (sequence * BARS_PER_FUNCTION + bar.index())));
        }
        requester = new Requester(this::identity, bus::root);
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
        return covered ? MsixOverlay.over(msix, bar, model, gate, flush) : model;
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

    /** Lets go of the model: its regions and its context. The caller has parked the gate. */
    public void park() {
        bars.forEach(bar -> bar.region().vacate());
        segment.locked(() -> {
            seat.vacate();
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

    /** Resets the function's configuration space, vectors and pin; the model is the caller's. */
    public void reset(ResetKind resetKind) {
        segment.change(effects -> registers.reset(resetKind, effects));
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

    TransactionResult sendMessage(TransactionContext context, int vector) {
        MsiCapability msi = registers.msi();
        MsixTable msix = registers.msix();
        MessageVectors vectors = msix != null && (msi == null || msix.isEnabled()) ? msix : msi;
        if (vectors == null || vector < 0 || vector >= vectors.vectors()) {
            throw new IllegalArgumentException("slot %s has no MSI vector %d: expected below %d"
                    .formatted(slot, vector, vectors == null ? 0 : vectors.vectors()));
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
