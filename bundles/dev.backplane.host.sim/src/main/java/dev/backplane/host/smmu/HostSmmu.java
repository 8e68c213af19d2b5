package dev.backplane.host.smmu;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.memory.HostContext;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.HostPort;
import dev.backplane.hostiommu.HostException;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.spec.EventRecord;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/**
 * The driver of one physical SMMU: owns its stream table and its queues in host memory, and works with it through its
 * registers and commands alone. Thread-safe.
 */
public final class HostSmmu {
    /** Commands that one batch holds, the CMD_SYNC behind it not counted. */
    public static final int BATCH = 63;

    private static final int CR0 = 0x20;
    private static final int CR2 = 0x2C;
    private static final int IRQ_CTRL = 0x50;
    private static final int GERROR = 0x60;
    private static final int STRTAB_BASE = 0x80;
    private static final int STRTAB_BASE_CFG = 0x88;
    private static final int CMDQ_BASE = 0x90;
    private static final int CMDQ_PROD = 0x98;
    private static final int CMDQ_CONS = 0x9C;
    private static final int EVENTQ_BASE = 0xA0;
    private static final int EVENTQ_PROD = 0x100A8;
    private static final int EVENTQ_CONS = 0x100AC;
    private static final int SMMUEN = 1;
    private static final int EVENTQEN = 4;
    private static final int CMDQEN = 8;
    private static final int EVENTQ_IRQEN = 4;
    private static final int RECINVSID = 2;
    private static final long OVERFLOW = 1L << 31;
    private static final int QUEUE_LOG2 = 7;
    private static final int INDEX_MASK = (2 << QUEUE_LOG2) - 1;
    private static final int ENTRY_MASK = (1 << QUEUE_LOG2) - 1;
    private static final int COMMAND_BYTES = 16;

    private final String name;
    private final SmmuParameters parameters;
    private final SmmuIdentity identity;
    private final HostMemory memory;
    private final HostPort port;
    private final HostEpochs epochs;
    private final Executor interruptThread;
    private final PhysicalSmmu hardware;
    private final HostStreamTable streams;
    private final long commandQueue;
    private final long eventQueue;
    private final Numbers vmids = new Numbers("VMID", 1, 0xFFFF);
    private final Numbers asids = new Numbers("ASID", 1, 0xFFFF);
    private final Map<Integer, Consumer<long[]>> eventTakers = new ConcurrentHashMap<>();
    private final LongAdder events = new LongAdder();
    private final LongAdder eventsLost = new LongAdder();
    private final LongAdder batches = new LongAdder();
    private final Object eventLock = new Object();
    private volatile boolean closed;

    /**
     * Makes an SMMU and switches it on: streams abort until something else is installed for them.
     *
     * @param name name for messages and tables, for example {@code smmu0}
     * @param interruptThread carries out the work of its event interrupt
     * @param log where it is noted what the SMMU refuses
     * @throws HostException ENOMEM
     */
    public HostSmmu(
            String name,
            SmmuParameters parameters,
            HostMemory memory,
            HostEpochs epochs,
            Executor interruptThread,
            DeviceLog log)
            throws HostException {
        this.name = name;
        this.parameters = parameters;
        this.memory = memory;
        this.epochs = epochs;
        this.interruptThread = interruptThread;
        identity = parameters.identity();
        port = new HostPort(memory, name);
        hardware = new PhysicalSmmu(identity, port, epochs, this::eventInterrupt, log);
        streams = new HostStreamTable(memory, port, parameters.streamBits());
        commandQueue = memory.allocate(1);
        eventQueue = memory.allocate(1);
        start();
    }

    private void start() {
        HostContext context = epochs.context();
        hardware.write(context, CR2, 4, RECINVSID);
        hardware.write(context, STRTAB_BASE, 8, streams.base());
        hardware.write(context, STRTAB_BASE_CFG, 4, streams.layout());
        hardware.write(context, CMDQ_BASE, 8, commandQueue | QUEUE_LOG2);
        hardware.write(context, EVENTQ_BASE, 8, eventQueue | QUEUE_LOG2);
        hardware.write(context, CR0, 4, CMDQEN);
        submit(new long[] {
            HostCommand.CFGI_STE_RANGE, HostCommand.RANGE_ALL,
            HostCommand.TLBI_NSNH_ALL, 0
        }, 2);
        hardware.write(context, IRQ_CTRL, 4, EVENTQ_IRQEN);
        hardware.write(context, CR0, 4, CMDQEN | EVENTQEN | SMMUEN);
    }

    /** {@return name for messages and tables} */
    public String name() {
        return name;
    }

    /** {@return what the SMMU has} */
    public SmmuParameters parameters() {
        return parameters;
    }

    /** {@return what its ID registers show} */
    public SmmuIdentity identity() {
        return identity;
    }

    /** {@return the hardware, for its devices} */
    public PhysicalSmmu hardware() {
        return hardware;
    }

    /** {@return VMIDs that the host gives away} */
    public Numbers vmids() {
        return vmids;
    }

    /** {@return ASIDs that the host uses for its own stage 1 tables} */
    public Numbers asids() {
        return asids;
    }

    /** {@return memory and the driver's way to it, for tables} */
    public HostPort port() {
        return port;
    }

    /** {@return memory that tables are made of} */
    public HostMemory memory() {
        return memory;
    }

    /**
     * Installs an STE for the streams of a device. Transactions use the old one or the new one, never a mixture and
     * never none; when this returns no transaction uses the old one any more.
     *
     * @param streamIds StreamIDs of one device, side by side
     * @param ste eight words
     * @throws HostException ENOMEM; the old one stays then
     */
    public synchronized void install(List<Integer> streamIds, long[] ste) throws HostException {
        streams.replace(streamIds, ste, () -> forgetConfiguration(streamIds));
    }

    /** Lets all transactions of a device's streams abort; needs no memory. */
    public synchronized void block(List<Integer> streamIds) {
        streamIds.forEach(streamId -> streams.block(streamId, StreamEntries.abort()[0]));
        forgetConfiguration(streamIds);
    }

    private void forgetConfiguration(List<Integer> streamIds) {
        long[] commands = new long[2 * streamIds.size()];
        for (int i = 0; i < streamIds.size(); i++) {
            commands[2 * i] = HostCommand.ofStream(HostCommand.CFGI_STE, streamIds.get(i));
        }
        submit(commands, streamIds.size());
    }

    /**
     * Carries out commands and waits until they are complete.
     *
     * @param commands two words each
     * @param count how many, up to {@link #BATCH}
     */
    public synchronized void submit(long[] commands, int count) {
        HostContext context = epochs.context();
        long prod = hardware.read(CMDQ_PROD, 4);
        for (int i = 0; i <= count; i++) {
            long entry = commandQueue + (prod & ENTRY_MASK) * COMMAND_BYTES;
            port.store(entry, i == count ? HostCommand.SYNC : commands[2 * i]);
            port.store(entry + 8, i == count ? 0 : commands[2 * i + 1]);
            prod = prod + 1 & INDEX_MASK;
        }
        hardware.write(context, CMDQ_PROD, 4, prod);
        batches.increment();
        if (hardware.read(GERROR, 4) != 0 || hardware.read(CMDQ_CONS, 4) != prod) {
            throw new IllegalStateException("%s stopped at a command of the host: CMDQ_CONS 0x%x, GERROR 0x%x"
                    .formatted(name, hardware.read(CMDQ_CONS, 4), hardware.read(GERROR, 4)));
        }
    }

    /** Drops what is cached of a VMID, and waits. */
    public void invalidateVmid(int vmid) {
        submit(new long[] {HostCommand.ofVmid(HostCommand.TLBI_S12_VMALL, vmid), 0}, 1);
    }

    /** Drops what is cached of an ASID of the host, and waits. */
    public void invalidateAsid(int asid) {
        submit(new long[] {HostCommand.ASID.with(HostCommand.TLBI_NH_ASID, asid), 0}, 1);
    }

    /** Drops what a device has cached, and waits. */
    public void invalidateDevice(int streamId) {
        long plain = HostCommand.ofStream(HostCommand.ATC_INV, streamId);
        long allPasids = plain | HostCommand.SSV.mask() | HostCommand.GLOBAL.mask();
        submit(new long[] {plain, HostCommand.ATC_ALL, allPasids, HostCommand.ATC_ALL},
                parameters.substreamBits() == 0 ? 1 : 2);
    }

    /** Says who gets the events of a stream; null for nobody. They come on the interrupt thread. */
    public void onEvents(int streamId, Consumer<long[]> taker) {
        if (taker == null) {
            eventTakers.remove(streamId);
        } else {
            eventTakers.put(streamId, taker);
        }
    }

    private void eventInterrupt() {
        if (!closed) {
            interruptThread.execute(this::drainEvents);
        }
    }

    private void drainEvents() {
        HostContext context = epochs.context();
        synchronized (eventLock) {
            if (closed) {
                return;
            }
            long cons = hardware.read(EVENTQ_CONS, 4);
            long prod = hardware.read(EVENTQ_PROD, 4);
            while ((prod & INDEX_MASK) != (cons & INDEX_MASK)) {
                dispatch(eventQueue + (cons & ENTRY_MASK) * EventRecord.BYTES);
                cons = cons & OVERFLOW | (cons & INDEX_MASK) + 1 & INDEX_MASK;
                if (((prod ^ cons) & OVERFLOW) != 0) {
                    eventsLost.increment();
                    cons ^= OVERFLOW;
                }
                hardware.write(context, EVENTQ_CONS, 4, cons);
                prod = hardware.read(EVENTQ_PROD, 4);
            }
        }
    }

    private void dispatch(long entry) {
        long[] record = new long[EventRecord.BYTES / 8];
        for (int i = 0; i < record.length; i++) {
            record[i] = port.load(entry + 8L * i);
        }
        events.increment();
        Consumer<long[]> taker = eventTakers.get((int) EventRecord.STREAM_ID.get(record));
        if (taker != null) {
            taker.accept(record);
        }
    }

    /** {@return events that the hardware recorded} */
    public long events() {
        return events.sum();
    }

    /** {@return how often the hardware's event queue overflowed} */
    public long eventsLost() {
        return eventsLost.sum();
    }

    /** {@return batches of commands that were carried out} */
    public long batches() {
        return batches.sum();
    }

    /** Switches the SMMU off and gives its memory back. No device may do DMA any more. */
    public synchronized void close() {
        closed = true;
        synchronized (eventLock) {
            hardware.write(epochs.context(), CR0, 4, 0);
        }
        streams.free();
        memory.free(commandQueue, 1);
        memory.free(eventQueue, 1);
    }
}
