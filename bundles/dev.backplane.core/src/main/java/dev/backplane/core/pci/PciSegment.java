package dev.backplane.core.pci;

import dev.backplane.board.PciFabric;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciFunctionDescription;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * One board's PCI segment: the host bridge with its ECAM window and root bus, the root buses that expanders add, and
 * the functions below. One lock guards configuration state; what follows from a change (mappings, routes, interrupts,
 * messages) is done after the lock is released and before the change returns. Thread-safe; control methods are called
 * on the board's executor.
 */
public final class PciSegment implements PciFabric {
    private static final Duration NEVER_PARKED = Duration.ZERO;
    private static final PciFunctionDescription HOST_BRIDGE = PciFunctionDescription.builder(0x1b36, 0x0008)
            .classCode(0x060000, 0)
            .subsystem(0x1af4, 0x1100)
            .build();
    private static final String HOST_BRIDGE_TYPE = "gpex-root";

    private final SystemBus bus;
    private final java.util.function.Function<String, InterruptHub> hubs;
    private final ReentrantLock lock = new ReentrantLock();
    private final RouteResolver resolver = new RouteResolver(lock);
    private final BarMapper mapper;
    private final BusTree tree = new BusTree();
    private final BareRequesters bare;
    private volatile BiConsumer<List<PciFunction>, ResetKind> resetListener = (functions, kind) -> {};
    private volatile IommuObserver iommuObserver = IommuObserver.NOBODY;
    private volatile BiFunction<PciFunction, Integer, Optional<EventFd>> irqfds = (function, vector) -> Optional.empty();
    private RootBusDefinition host;
    private int sequence;

    /**
     * Makes an empty segment.
     *
     * @param bus system bus of the board
     * @param hubs inputs of the interrupt controller slots by name
     */
    public PciSegment(SystemBus bus, java.util.function.Function<String, InterruptHub> hubs) {
        this.bus = bus;
        this.hubs = hubs;
        mapper = new BarMapper(bus);
        bare = new BareRequesters(bus, tree);
    }

    /**
     * Adds the host bridge with its root bus: maps the ECAM window and puts the host bridge's function at device 0.
     *
     * @throws IllegalArgumentException if the segment has a host bridge, or the window overlaps something or covers
     *     none or more than 256 buses
     */
    public void addRootBus(RootBusDefinition definition) {
        if (host != null) {
            throw new IllegalArgumentException("root bus %s: the segment has the host bridge of %s already"
                    .formatted(definition.name(), host.name()));
        }
        if (definition.buses() < 1 || definition.buses() > 256) {
            throw new IllegalArgumentException("root bus %s: ECAM window of %d buses: expected 1 to 256"
                    .formatted(definition.name(), definition.buses()));
        }
        var gate = new DeviceGate(definition.name(), bus.epochs(), NEVER_PARKED);
        gate.open();
        var ecam = new MappedRegion(definition.name(), gate, EcamWindow.region(this, definition.buses()));
        bus.update().map(ecam, definition.ecamBase(), 0).commit();
        locked(() -> {
            host = definition;
            var root = new PciRootBus(definition.name(), 0, definition.bypassesIommu(), null);
            tree.add(root);
            root.add(new PciFunction(
                    this,
                    "",
                    HOST_BRIDGE_TYPE,
                    HOST_BRIDGE,
                    FunctionLayout.of(HOST_BRIDGE, true, false),
                    root,
                    0,
                    gate,
                    InterruptHub.unconnected(),
                    -1,
                    null,
                    sequence++));
            return root;
        });
    }

    /**
     * Names who takes the models of functions through a reset that software started (secondary bus reset, function
     * level reset). Called outside all locks, on the thread that made the configuration access, inside its transaction:
     * the listener hands the work on and returns. The functions' configuration space has been reset.
     */
    public void onReset(BiConsumer<List<PciFunction>, ResetKind> listener) {
        resetListener = listener;
    }

    /** Names who keeps host devices behind their IOMMUs. */
    public void onIommus(IommuObserver observer) {
        iommuObserver = observer;
    }

    IommuObserver iommuObserver() {
        return iommuObserver;
    }

    /** Names who gives models the events that send a vector through the accelerator. */
    public void onIrqfd(BiFunction<PciFunction, Integer, Optional<EventFd>> source) {
        irqfds = source;
    }

    Optional<EventFd> irqfd(PciFunction function, int vector) {
        return irqfds.apply(function, vector);
    }

    /** Puts a function that is modelled here on a bus, as {@link #plug(String, String, PciFunctionDescription,
     * Placement.Pci, DeviceGate, PciRequester.Kind)} does. */
    public PciFunction plug(
            String slot,
            String deviceType,
            PciFunctionDescription description,
            Placement.Pci placement,
            DeviceGate gate)
            throws PlugException {
        return plug(slot, deviceType, description, placement, gate, null);
    }

    /**
     * Puts a function on a bus.
     *
     * @param slot slot that it belongs to; a bridge's bus takes this name
     * @param deviceType device type of the slot
     * @param description the function
     * @param placement where it goes
     * @param gate gate of the slot's device
     * @param assigned its kind when a device of the host stands behind it, else null
     * @return the function
     * @throws PlugException if there is no such bus, the address is taken, the IOMMU refuses it, or the description
     *     does not fit into configuration space; nothing has changed then
     */
    public PciFunction plug(
            String slot,
            String deviceType,
            PciFunctionDescription description,
            Placement.Pci placement,
            DeviceGate gate,
            PciRequester.Kind assigned)
            throws PlugException {
        PciBus target = bus(placement.bus());
        Optional<String> refusal = locked(() -> PlugRules.addressRefusal(target, placement.devfn()));
        if (refusal.isPresent()) {
            throw new PlugException("slot %s: %s: choose another address".formatted(slot, refusal.get()));
        }
        FunctionLayout layout;
        try {
            layout = FunctionLayout.of(description, target instanceof PciRootBus, assigned != null);
        } catch (IllegalArgumentException e) {
            throw new PlugException("slot %s (%s): %s".formatted(slot, deviceType, e.getMessage()));
        }
        if (layout.bridge() && hasBus(slot)) {
            throw new PlugException("slot %s: a PCI bus of that name exists: choose another id".formatted(slot));
        }
        int intid = description.interruptPin() == 0 || host.interruptController().isEmpty()
                ? -1
                : host.firstIntid() + PlugRules.swizzle(target, placement.devfn(), description.interruptPin());
        InterruptLine line = intid < 0
                ? InterruptHub.unconnected()
                : hubs.apply(host.interruptController()).line(null, intid);
        PciFunction function = locked(() -> new PciFunction(
                this, slot, deviceType, description, layout, target, placement.devfn(), gate, line, intid, assigned,
                sequence++));
        PlugRules.askIommu(function);
        change(effects -> {
            target.add(function);
            function.registers().settle(effects);
            effects.reroute(function.requester());
            settleOccupancy(target, effects);
        });
        return function;
    }

    /** {@return whether a function is still on its bus} */
    boolean isPlugged(PciFunction function) {
        return locked(() -> function.bus().function(function.devfn())) == function;
    }

    private static void settleOccupancy(PciBus target, Effects effects) {
        if (target instanceof SecondaryBus below) {
            below.bridge().registers().settleOccupancy(effects);
        }
    }

    /**
     * Takes a function off its bus. The caller has shut its gate and waits for a grace period afterwards.
     *
     * @throws IllegalStateException if functions are left on a bus that it provides
     */
    public void unplug(PciFunction function) {
        change(effects -> {
            PlugRules.requireNothingBelow(function, tree);
            PciBus home = function.bus();
            home.remove(function);
            function.unplugged(effects);
            settleOccupancy(home, effects);
            effects.remap();
            tree.removeRootOf(function);
            bare.requesters().forEach(effects::reroute);
        });
    }

    /** Adds the root bus of an expander. */
    void openExpander(PciFunction function, int number, boolean bypassesIommu) throws RealizeException {
        if (function.bus() != tree.root(0)) {
            throw new RealizeException("slot %s: an expander goes on bus %s, not on %s"
                    .formatted(function.slot(), host.name(), function.bus().name()));
        }
        if (number < 1 || number >= host.buses()) {
            throw new RealizeException("slot %s: bus_nr %d: expected 1 to %d, the buses of the ECAM window"
                    .formatted(function.slot(), number, host.buses() - 1));
        }
        PciRootBus taken = locked(() -> tree.root(number));
        if (taken != null || hasBus(function.slot())) {
            throw new RealizeException("slot %s: bus_nr %d or the bus name %s is taken: choose others"
                    .formatted(function.slot(), number, function.slot()));
        }
        change(effects -> {
            tree.add(new PciRootBus(function.slot(), number, bypassesIommu, function));
            bare.requesters().forEach(effects::reroute);
        });
    }

    /**
     * {@return device and function number of the first free device of a bus}
     *
     * @throws PlugException if there is no such bus or it is full
     */
    public int nextFreeDevfn(String name) throws PlugException {
        PciBus target = bus(name);
        int devfn = locked(target::nextFree);
        if (devfn < 0) {
            throw new PlugException("PCI bus %s is full: choose another bus".formatted(name));
        }
        return devfn;
    }

    /** {@return whether there is a bus of that name} */
    public boolean hasBus(String name) {
        return locked(() -> tree.bus(name)) != null;
    }

    private PciBus bus(String name) throws PlugException {
        PciBus found = locked(() -> tree.bus(name));
        if (found == null) {
            throw new PlugException("there is no PCI bus '%s'; there %s".formatted(name, locked(tree::names)));
        }
        return found;
    }

    /**
     * Lets an IOMMU slot govern a root bus. The functions of a bus that bypasses IOMMUs stay on the system bus; whether
     * that is what somebody wanted is for the board's plug rules to say.
     *
     * @param busName name of the root bus
     * @param slot the IOMMU's slot
     * @param gate gate of that slot
     * @return the hold on the bus; nothing serves yet, so transactions meet the gate
     * @throws PlugException if the bus is no root bus, or is governed already
     */
    public IommuBinding attachIommu(String busName, String slot, DeviceGate gate) throws PlugException {
        if (!(bus(busName) instanceof PciRootBus root)) {
            throw new PlugException("SMMU should be attached to a default PCIe root complex(pcie.0) or a "
                    + "pxb-pcie based root complex: %s is the bus of a bridge".formatted(busName));
        }
        var binding = new IommuBinding(this, root, slot, gate);
        locked(() -> {
            if (root.iommu() != null) {
                return root.iommu();
            }
            root.iommu(binding);
            return binding;
        });
        if (root.iommu() != binding) {
            throw new PlugException("An iommu is already attached to this bus: %s is governed by slot %s"
                    .formatted(busName, root.iommu().slot()));
        }
        resolveBelow(root);
        return binding;
    }

    /** {@return the slot of the controller that takes pins, or {@code ""}} */
    public String pinController() {
        RootBusDefinition now = host;
        return now == null ? "" : now.interruptController();
    }

    /** The IOMMU of a root bus lets transactions pass again: who follows vectors below it looks where they lead. */
    void refreshVectors(PciRootBus root) {
        TransactionContext context = bus.epochs().context();
        List<PciFunction> below = locked(() -> tree.functions().stream()
                .filter(function -> function.follower() != null && function.bus().root() == root)
                .toList());
        below.forEach(function -> function.follower().rerouted(context));
    }

    void detach(PciRootBus root, IommuBinding binding) {
        locked(() -> {
            if (root.iommu() == binding) {
                root.iommu(null);
            }
            return null;
        });
        resolveBelow(root);
    }

    /** Leads everything below a root bus to the address space that governs it now. */
    void resolveBelow(PciRootBus root) {
        resolver.resolve(requestersBelow(root));
    }

    /** Asks a model that does not serve yet for everything below a root bus: nothing follows from it. */
    RouteResolver.Answers ask(PciRootBus root, PciIommuOps ops) throws PlugException {
        return resolver.ask(() -> requestersBelow(root), ops);
    }

    /** Plain loops, here and in what it calls: a gate may be closed meanwhile, and what seldom runs runs slowly. */
    private List<Requester> requestersBelow(PciRootBus root) {
        var found = new ArrayList<Requester>();
        lock.lock();
        try {
            for (PciFunction function : BusTree.functionsBelow(root)) {
                found.add(function.requester());
            }
            bare.addBelow(root, found);
        } finally {
            lock.unlock();
        }
        return found;
    }

    @Override
    public List<RootBus> rootBuses() {
        return locked(() -> tree.roots().stream()
                .map(root -> new RootBus(
                        root.name(),
                        root.number(),
                        root.lastNumber(),
                        root.iommu() == null ? "" : root.iommu().slot()))
                .toList());
    }

    @Override
    public List<PciFabric.Function> functions() {
        return locked(() -> tree.functions().stream()
                .map(PciFunction::view)
                .sorted(Comparator.comparing(PciFabric.Function::address))
                .toList());
    }

    @Override
    public int readConfig(TransactionContext context, Bdf address, int offset, int size) {
        checkConfig(offset, size);
        int value = configRead(address.requesterId(), offset, size);
        return size == 4 ? value : value & (1 << size * 8) - 1;
    }

    @Override
    public void writeConfig(TransactionContext context, Bdf address, int offset, int size, int value) {
        checkConfig(offset, size);
        configWrite(context, address.requesterId(), offset, size, value);
    }

    private static void checkConfig(int offset, int size) {
        if (size != 1 && size != 2 && size != 4 || offset < 0 || offset > 0xFFF || offset % size != 0) {
            throw new IllegalArgumentException(
                    "configuration access of %d bytes at 0x%x: expected 1, 2 or 4 bytes, aligned, below 0x1000"
                            .formatted(size, offset));
        }
    }

    /** {@return the data of a configuration read: all ones where no function answers} */
    int configRead(int requesterId, int offset, int size) {
        int value;
        PassThrough passThrough;
        lock.lock();
        try {
            PciFunction function = tree.functionAt(requesterId);
            if (function == null) {
                return -1;
            }
            value = function.registers().read(offset, size);
            passThrough = function.passThrough();
        } finally {
            lock.unlock();
        }
        return passThrough == null ? value : passThrough.read(value, offset, size);
    }

    void configWrite(TransactionContext context, int requesterId, int offset, int size, int value) {
        var effects = new Effects();
        PassThrough passThrough;
        lock.lock();
        try {
            PciFunction function = tree.functionAt(requesterId);
            if (function == null) {
                return;
            }
            function.registers().write(offset, size, value, effects);
            passThrough = function.passThrough();
        } finally {
            lock.unlock();
        }
        effects.run(this, context);
        if (passThrough != null) {
            passThrough.write(offset, size, value);
        }
    }

    @Override
    public DmaPort requesterPort(String initiator, Bdf address) {
        BareRequesters.Entry entry = locked(() -> bare.entry(initiator, address));
        resolver.resolve(entry.requester());
        return entry.port();
    }

    @Override
    public Optional<PciIommuOps> iommuOps(int number) {
        IommuBinding binding = locked(() -> {
            PciRootBus root = tree.rootOf(number);
            return root == null || root.bypassesIommu() ? null : root.iommu();
        });
        return binding == null ? Optional.empty() : Optional.ofNullable(binding.ops());
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, Bdf address, int vector) {
        PciFunction function = locked(() -> tree.functionAt(address.requesterId()));
        if (function == null) {
            throw new IllegalArgumentException("there is no PCI function %s".formatted(address));
        }
        return function.sendMessage(context, vector);
    }

    SystemBus bus() {
        return bus;
    }

    RouteResolver resolver() {
        return resolver;
    }

    void remap() {
        mapper.update(() -> locked(() -> BarMapper.wanted(host, tree.functions())));
    }

    /** Resets the host bridge's function, which no slot has. */
    public void resetHostBridge(ResetKind kind) {
        change(effects -> {
            PciFunction bridge = tree.functionAt(0);
            if (bridge != null) {
                bridge.registers().reset(kind, effects);
            }
        });
    }

    void announceReset(List<PciFunction> functions, ResetKind kind) {
        resetListener.accept(functions, kind);
    }

    /** {@return what is computed under the segment's lock} */
    <T> T locked(Supplier<T> body) {
        lock.lock();
        try {
            return body.get();
        } finally {
            lock.unlock();
        }
    }

    /** Changes state under the segment's lock, then does what follows from it. */
    void change(Consumer<Effects> body) {
        var effects = new Effects();
        lock.lock();
        try {
            body.accept(effects);
        } finally {
            lock.unlock();
        }
        effects.run(this, bus.epochs().context());
    }
}
