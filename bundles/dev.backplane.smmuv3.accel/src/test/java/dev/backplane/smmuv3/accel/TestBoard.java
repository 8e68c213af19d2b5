package dev.backplane.smmuv3.accel;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.Leases;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A board with nothing but memory, an accelerator and one SMMU; with a driver's idea of how to program it. */
final class TestBoard implements DeviceContext, DeviceLog {
    static final long STREAMS = 0x4010_0000L;
    static final long COMMANDS = 0x4020_0000L;
    static final long EVENTS = 0x4030_0000L;
    static final int CR0 = 0x20;
    static final int CR0ACK = 0x24;
    static final int GBPA = 0x44;
    static final int GERROR = 0x60;
    static final int GERRORN = 0x64;
    static final int CMDQ_PROD = 0x98;
    static final int CMDQ_CONS = 0x9C;
    static final int EVENTQ_PROD = 0x100A8;
    static final int SMMUEN = 1;
    static final int QUEUES = 0xC;
    static final int SYNC = 0x46;
    static final int CFGI_STE = 3;
    static final int CFGI_CD = 5;
    static final int CFGI_CD_ALL = 6;
    static final int LOG2_COMMANDS = 8;

    final TestMemory memory;
    final TestLeases leases;
    final FakeHost host;
    final List<String> pulses = Collections.synchronizedList(new ArrayList<>());
    final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    final AccelSmmu smmu;
    private final MmioHandler registers;
    private final TestEpochs epochs = new TestEpochs();
    private final Optional<VirtualMachine> vm;
    private int produced;

    /** What the slot keeps. */
    static final class TestLeases implements Leases {
        private final Map<String, AutoCloseable> held = new LinkedHashMap<>();

        @Override
        public <T extends AutoCloseable> T hold(String name, T resource) {
            if (held.putIfAbsent(name, resource) != null) {
                throw new IllegalArgumentException("lease " + name + " is taken");
            }
            return resource;
        }

        @Override
        public <T> Optional<T> find(String name, Class<T> type) {
            return Optional.ofNullable(held.get(name)).filter(type::isInstance).map(type::cast);
        }

        @Override
        public List<String> names() {
            return List.copyOf(held.keySet());
        }

        @Override
        public boolean remove(String name) {
            return held.remove(name) != null;
        }
    }

    TestBoard(
            FakeHost host, TestMemory memory, TestLeases leases, Optional<VirtualMachine> vm, Map<String, ?> properties)
            throws RealizeException {
        this.host = host;
        this.memory = memory;
        this.leases = leases;
        this.vm = vm;
        var factory = new AccelSmmuFactory();
        var given = new HashMap<String, Object>(properties);
        given.putIfAbsent("primary-bus", "pcie.1");
        smmu = (AccelSmmu) factory.create(DeviceProperties.of(factory.type(), factory.properties(), given));
        smmu.realize(this);
        registers = smmu.describe().regions().getFirst().handler();
    }

    TestBoard(FakeHost host, Map<String, ?> properties) throws RealizeException {
        this(host, new TestMemory(), new TestLeases(), vm("kvm", true), properties);
    }

    TestBoard(FakeHost host) throws RealizeException {
        this(host, Map.of());
    }

    /** {@return a successor in the same slot, before it has a state} */
    TestBoard successor(Map<String, ?> properties) throws RealizeException {
        return new TestBoard(host, memory, leases, vm, properties);
    }

    /** Goes on with the rings of a predecessor. */
    void continues(TestBoard predecessor) {
        produced = predecessor.produced;
    }

    static Optional<VirtualMachine> vm(String accelerator, boolean irqchipInKernel) {
        return Optional.of(new VirtualMachine() {
            @Override
            public String accelerator() {
                return accelerator;
            }

            @Override
            public boolean irqchipInKernel() {
                return irqchipInKernel;
            }

            @Override
            public int gsis() {
                return 0;
            }

            @Override
            public void setGsiRouting(List<GsiRoute> routes) {
                throw new IllegalStateException("an SMMU routes nothing");
            }

            @Override
            public EventFd eventFd() {
                throw new IllegalStateException("an SMMU signals nothing");
            }

            @Override
            public void assignIrqfd(EventFd event, int gsi, EventFd resample) {
                throw new IllegalStateException("an SMMU injects nothing");
            }

            @Override
            public void deassignIrqfd(EventFd event, int gsi) {
                throw new IllegalStateException("an SMMU injects nothing");
            }

            @Override
            public void ended(int intid) {
                throw new IllegalStateException("an SMMU ends nothing");
            }

            @Override
            public InspectNode inspect() {
                return InspectNode.text("vm", accelerator);
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        });
    }

    /** Machine done, cold reset. */
    TestBoard started() throws RealizeException {
        smmu.machineDone();
        reset();
        return this;
    }

    void reset() {
        for (ResetPhase phase : ResetPhase.values()) {
            smmu.reset(ResetKind.COLD, phase);
        }
        produced = 0;
    }

    /** Sets up a linear stream table of 2^10 entries and both queues, the SMMU still disabled. */
    TestBoard programmed() throws RealizeException {
        started();
        write(0x80, 8, STREAMS);
        write(0x88, 4, 10);
        write(0x90, 8, COMMANDS | LOG2_COMMANDS);
        write(0xA0, 8, EVENTS | 4);
        write(0x50, 4, 5);
        write(CR0, 4, QUEUES);
        return this;
    }

    TestBoard enabled() throws RealizeException {
        programmed();
        enable(true);
        return this;
    }

    void enable(boolean on) {
        write(CR0, 4, QUEUES | (on ? SMMUEN : 0));
    }

    Optional<String> connect(int requesterId, FakeHost.Device device) {
        return smmu.iommuOps().setIommuDevice(FakeHost.function(requesterId), device);
    }

    void disconnect(int requesterId) {
        smmu.iommuOps().unsetIommuDevice(FakeHost.function(requesterId));
    }

    void ste(int streamId, long... words) {
        for (int i = 0; i < words.length; i++) {
            memory.put(STREAMS + 64L * streamId + 8L * i, words[i]);
        }
    }

    /** An STE that translates with a CD at some address. */
    void translating(int streamId, long contexts) {
        ste(streamId, contexts | 0b1011, 0);
    }

    /** Hands over commands of two words each. {@return CMDQ_CONS afterwards} */
    long commands(long... words) {
        for (int i = 0; i < words.length; i += 2) {
            int entry = produced & (1 << LOG2_COMMANDS) - 1;
            memory.put(COMMANDS + 16L * entry, words[i]);
            memory.put(COMMANDS + 16L * entry + 8, words[i + 1]);
            produced = produced + 1 & (2 << LOG2_COMMANDS) - 1;
        }
        write(CMDQ_PROD, 4, produced);
        return read(CMDQ_CONS, 4);
    }

    void configure(int streamId) {
        commands((long) streamId << 32 | CFGI_STE, 1, SYNC, 0);
    }

    long activeErrors() {
        return read(GERROR, 4) ^ read(GERRORN, 4);
    }

    long read(long offset, int size) {
        TransactionContext context = context();
        registers.read(context, TransactionAttributes.NONE, offset, size);
        return context.data();
    }

    void write(long offset, int size, long value) {
        registers.write(context(), TransactionAttributes.NONE, offset, size, value);
    }

    String shown(String group, String name) {
        return find(smmu.inspect().child("accelerated"), group).child(name).value();
    }

    private static InspectNode find(InspectNode node, String name) {
        InspectNode found = node.child(name);
        if (found == null) {
            throw new AssertionError("no " + name + " in " + node);
        }
        return found;
    }

    @Override
    public String slot() {
        return "smmu1";
    }

    @Override
    public DmaPort memory() {
        return memory;
    }

    @Override
    public InterruptLine line(String name) {
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                pulses.add(name + "=" + asserted);
            }

            @Override
            public void pulse() {
                pulses.add(name);
            }
        };
    }

    @Override
    public VirtualClock clock() {
        throw new IllegalStateException("an SMMU needs no clock");
    }

    @Override
    public Epochs epochs() {
        return epochs;
    }

    @Override
    public void defer(Effect effect) {
        effect.run(context());
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        if (contract == VirtualMachine.class) {
            return vm.map(contract::cast);
        }
        return contract == Leases.class ? Optional.of(contract.cast(leases)) : Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return this;
    }

    TestEpochs.Context context() {
        return epochs.context();
    }

    @Override
    public void guestError(String message) {
        notes.add("guest: " + message);
    }

    @Override
    public void unimplemented(String message) {
        notes.add("unimplemented: " + message);
    }

    @Override
    public void hostError(String message) {
        notes.add("host: " + message);
    }
}
