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
    private final boolean busMasterGated;
    private final PciRequester.Kind kind;
    private final DeviceGate gate;
    private final PciBus bus;
    private final int devfn;
    private final ConfigSpace config;
    private final MsiCapability msi;
    private final MsixTable msix;
    private final IntxPin pin;
    private final HotPlugSlot hotPlug;
    private final SecondaryBus below;
    private final List<FunctionBar> bars;
    private final Requester requester;
    private final DmaPort messagePort;
    private final Effect flush = this::flushMessages;
    private int settledNumbers;
    private FunctionContext serving;
    private FunctionContext candidate;

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
        busMasterGated = description.busMasterGated();
        kind = kind(description, layout);
        config = new ConfigSpace(layout.template());
        msi = layout.msi() == 0
                ? null
                : new MsiCapability(layout.msi(), description.msiVectors(), description.msiMaskable());
        msix = layout.msix() == 0 ? null : new MsixTable(layout.msix(), description.msix());
        pin = new IntxPin(line);
        hotPlug = layout.hasSlot() ? new HotPlugSlot(config, layout.express()) : null;
        below = layout.bridge() ? new SecondaryBus(this) : null;
        bars = new ArrayList<>();
        for (FunctionLayout.BarLayout bar : layout.bars()) {
            var region = new MappedRegion(slot, gate, region(bar, description));
            bars.add(new FunctionBar(bar, region, -1 - (sequence * BARS_PER_FUNCTION + bar.index())));
        }
        requester = new Requester(this::identity, bus::root);
        var route = new DmaRoute(slot, gate, requester.attributes());
        requester.add(route);
        requester.enable(!busMasterGated);
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
            var made = new FunctionContext(this, base, route, segment.bus().port(route));
            if (serving == null) {
                promote(made);
            } else {
                route.enable(false);
                candidate = made;
            }
            return made;
        });
        segment.resolver().resolve(requester);
        return context;
    }

    /**
     * Puts the regions of a successor behind the BARs and lets its context serve; the caller has parked the gate.
     *
     * @param description description of the successor
     * @throws IllegalArgumentException if software could tell it from the present one; nothing has changed then
     */
    public void serve(PciFunctionDescription description) {
        shape.require(slot, FunctionShape.of(description));
        for (FunctionBar bar : bars) {
            bar.region().serve(region(bar.layout(), description));
        }
        segment.change(effects -> {
            if (candidate != null) {
                FunctionContext next = candidate;
                candidate = null;
                retire(serving);
                promote(next);
                effects.drive(this);
                effects.reroute(requester);
            }
        });
    }

    /** Lets go of the model: its regions and its context. The caller has parked the gate. */
    public void park() {
        bars.forEach(bar -> bar.region().vacate());
        segment.change(effects -> {
            retire(serving);
            serving = null;
            candidate = null;
        });
    }

    private void promote(FunctionContext context) {
        serving = context;
        requester.add(context.route());
        context.serving(true);
        if (context.pinBeforeServing() != null) {
            pin.assertPin(context.pinBeforeServing());
        }
    }

    private void retire(FunctionContext context) {
        if (context != null) {
            context.serving(false);
            requester.remove(context.route());
        }
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
        segment.change(effects -> resetState(resetKind, effects));
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
            showSlot();
            settle(effects);
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
                    bar.layout().index(), space, barAddress(bar.layout()), bar.layout().size()));
        }
        return new PciFabric.Function(
                addressNow(),
                slot,
                deviceType,
                config.get(ConfigRegister.VENDOR_ID, 2),
                config.get(ConfigRegister.DEVICE_ID, 2),
                config.get(ConfigRegister.REVISION_ID, 4) >>> 8,
                List.copyOf(mappings));
    }

    /** {@return the bus address in a BAR, or -1 while its decoding is not enabled} */
    long barAddress(FunctionLayout.BarLayout bar) {
        int enable = bar.kind() == Bar.Kind.IO ? ConfigRegister.COMMAND_IO : ConfigRegister.COMMAND_MEMORY;
        if ((config.get(ConfigRegister.COMMAND, 2) & enable) == 0 || !isPowered()) {
            return -1;
        }
        long low = config.getUnsigned(bar.offset(), 4) & (bar.kind() == Bar.Kind.IO ? ~3L : ~0xFL);
        return bar.kind() == Bar.Kind.MEMORY_64 ? low | config.getUnsigned(bar.offset() + 4, 4) << 32 : low;
    }

    int read(int offset, int size) {
        if (offset >= config.size()) {
            return -1;
        }
        config.setBits(ConfigRegister.STATUS, ConfigRegister.STATUS_INTERRUPT, pin.isAsserted());
        if ((devfn & 7) == 0) {
            int type = layout.bridge() ? ConfigRegister.HEADER_BRIDGE : 0;
            int multifunction = bus.isMultifunction(devfn >>> 3) ? ConfigRegister.HEADER_MULTIFUNCTION : 0;
            config.set(ConfigRegister.HEADER_TYPE, 1, type | multifunction);
        }
        if (msi != null) {
            msi.showPending(config);
        }
        return config.get(offset, size);
    }

    void write(int offset, int size, int value, Effects effects) {
        if (offset >= config.size()) {
            return;
        }
        int powerState = powerState();
        boolean busInReset = below != null && below.inReset();
        config.write(offset, size, value);
        if (powerState() != 0 && powerState() != ExpressCapability.D3_HOT) {
            // A write of a power state that the function does not have completes and changes nothing (PCIe 5.3.1).
            power(powerState);
        }
        if (takeFunctionLevelReset()) {
            effects.reset(List.of(this), ResetKind.FUNCTION_LEVEL);
            resetState(ResetKind.FUNCTION_LEVEL, effects);
            return;
        }
        if (below != null && !busInReset && below.inReset()) {
            var reset = new ArrayList<PciFunction>();
            forEachBelow(reset::add);
            reset.forEach(function -> function.resetState(ResetKind.BUS, effects));
            effects.reset(reset, ResetKind.BUS);
        }
        settle(effects);
    }

    private boolean takeFunctionLevelReset() {
        int at = layout.express() + ExpressCapability.DEVICE_CONTROL;
        if (!layout.functionLevelReset()
                || (config.get(at, 2) & ExpressCapability.INITIATE_FUNCTION_LEVEL_RESET) == 0) {
            return false;
        }
        config.setBits(at, ExpressCapability.INITIATE_FUNCTION_LEVEL_RESET, false);
        return true;
    }

    private void resetState(ResetKind resetKind, Effects effects) {
        int control = layout.express() + ExpressCapability.DEVICE_CONTROL;
        int link = layout.express() + ExpressCapability.LINK_CONTROL;
        boolean keepsLink = resetKind == ResetKind.FUNCTION_LEVEL && layout.express() != 0;
        int payload = keepsLink ? config.get(control, 2) & ExpressCapability.MAX_PAYLOAD_SIZE : 0;
        int linkControl = keepsLink ? config.get(link, 2) : 0;
        config.reset();
        if (keepsLink) {
            config.set(control, 2, config.get(control, 2) & ~ExpressCapability.MAX_PAYLOAD_SIZE | payload);
            config.set(link, 2, linkControl);
        }
        if (msi != null) {
            msi.pending(0);
        }
        if (msix != null) {
            msix.reset();
        }
        pin.assertPin(false);
        showSlot();
        settle(effects);
    }

    private void showSlot() {
        if (hotPlug != null) {
            hotPlug.show();
        }
    }

    /** Brings everything that follows from configuration space in step with it. */
    void settle(Effects effects) {
        pin.disable((config.get(ConfigRegister.COMMAND, 2) & ConfigRegister.COMMAND_INTX_DISABLE) != 0 || !isPowered());
        effects.drive(this);
        if (msi != null) {
            msi.load(config);
        }
        if (msix != null) {
            msix.load(config);
        }
        if (msi != null || msix != null) {
            effects.flush(this);
        }
        effects.remap();
        settleMaster();
        if (below != null) {
            int numbers = config.get(ConfigRegister.SECONDARY_BUS, 2);
            boolean renumbered = numbers != settledNumbers;
            settledNumbers = numbers;
            forEachBelow(function -> {
                function.settleMaster();
                if (renumbered) {
                    effects.reroute(function.requester);
                }
            });
        }
        settleHotPlug(effects);
    }

    private void settleMaster() {
        requester.enable(!busMasterGated || isMaster());
    }

    /** Bus Master Enable of a bridge also lets requests of the functions below it pass (PCIe 7.5.1.1.3). */
    private boolean isMaster() {
        boolean own = (config.get(ConfigRegister.COMMAND, 2) & ConfigRegister.COMMAND_MASTER) != 0 && isPowered();
        return own && (!(bus instanceof SecondaryBus secondary) || secondary.bridge().isMaster());
    }

    private void settleHotPlug(Effects effects) {
        if (hotPlug == null) {
            return;
        }
        boolean begun = hotPlug.hasBegunInterrupting();
        if (messagesEnabled()) {
            pin.assertPin(false);
            if (begun) {
                effects.message(this);
            }
        } else {
            pin.assertPin(hotPlug.isInterrupting());
        }
        effects.drive(this);
    }

    /** Notes whether the slot below this port holds a device. */
    void settleOccupancy(Effects effects) {
        if (hotPlug != null) {
            hotPlug.occupied(!below.functions().isEmpty());
            settleHotPlug(effects);
        }
    }

    /** Ends what the function does to the outside. */
    void unplugged(Effects effects) {
        retire(serving);
        serving = null;
        candidate = null;
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

    private int powerState() {
        return layout.power() == 0
                ? 0
                : config.get(layout.power() + ExpressCapability.POWER_CONTROL, 2) & ExpressCapability.POWER_STATE;
    }

    private void power(int state) {
        int at = layout.power() + ExpressCapability.POWER_CONTROL;
        config.set(at, 2, config.get(at, 2) & ~ExpressCapability.POWER_STATE | state);
    }

    /** {@return whether the function is in D0, so that it decodes and starts transactions} */
    boolean isPowered() {
        return powerState() == 0;
    }

    // What follows is called without the segment's lock.

    void assertPin(boolean level) {
        pin.assertPin(level);
        pin.drive();
    }

    boolean messagesEnabled() {
        return msix != null && msix.isEnabled() || msi != null && msi.isEnabled();
    }

    TransactionResult sendMessage(TransactionContext context, int vector) {
        MessageVectors vectors = msix != null && (msi == null || msix.isEnabled()) ? msix : msi;
        if (vectors == null || vector < 0 || vector >= vectors.vectors()) {
            throw new IllegalArgumentException("slot %s has no MSI vector %d: expected below %d"
                    .formatted(slot, vector, vectors == null ? 0 : vectors.vectors()));
        }
        return vectors.send(context, messagePort, vector);
    }

    void flushMessages(TransactionContext context) {
        if (msi != null) {
            msi.flush(context, messagePort);
        }
        if (msix != null) {
            msix.flush(context, messagePort);
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

    ConfigSpace config() {
        return config;
    }

    MsiCapability msi() {
        return msi;
    }

    MsixTable msix() {
        return msix;
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
