package dev.backplane.smmuv3.control;

import dev.backplane.device.DeviceLog;
import dev.backplane.device.RestoreException;
import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.translate.EventSink;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The non-secure programming interface of one SMMUv3 (IHI 0070 chapter 6): what software reads and writes, the command
 * queue that it fills and the event queue that it empties.
 *
 * <p>Thread-safe, and made for concurrent register accesses: the registers are guarded for moments only, and memory,
 * interrupts, the backend and grace periods are called with nothing held. What a write causes is complete when it
 * returns, unless another thread is at the same kind of work already; that thread then does it as well.
 */
public final class SmmuControl implements EventSink {
    /** Bytes of the region: page 0 and page 1 (section 6.1). */
    public static final long REGION_SIZE = 0x20000;

    private static final int COMMANDS_SHOWN = 64;
    private static final int EVENTS_SHOWN = 1_024;

    private final ControlRegisters registers;
    private final CommandExecutor executor;
    private final CommandQueue commands;
    private final EventQueue events;
    private final RegisterWrites writes;
    private final SmmuBackend backend;
    private final Epochs epochs;
    private final EventCounters eventCounters = new EventCounters();
    private final Delegation reconfiguration = new Delegation();

    /**
     * Makes the interface at its reset state; nothing is called yet.
     *
     * @param identity what the ID registers show
     * @param memory untranslated view of the system bus, for both queues
     * @param epochs grace periods of the board
     * @param interrupts wired interrupts
     * @param backend what configuration and commands act on
     * @param log where mistakes of the guest are noted
     */
    public SmmuControl(
            SmmuIdentity identity,
            DmaPort memory,
            Epochs epochs,
            SmmuInterrupts interrupts,
            SmmuBackend backend,
            DeviceLog log) {
        this.backend = backend;
        this.epochs = epochs;
        registers = new ControlRegisters(identity);
        events = new EventQueue(registers, memory, interrupts);
        executor = new CommandExecutor(identity, backend, epochs, events, log);
        commands = new CommandQueue(registers, memory, executor, interrupts);
        writes = new RegisterWrites(registers, commands, events, log);
    }

    /**
     * Reads a register. A read has no side effect.
     *
     * @param offset offset in the region, aligned to {@code size}
     * @param size 4 or 8 bytes
     * @return the value; 0 where no register is (RES0)
     */
    public long read(long offset, int size) {
        synchronized (registers) {
            if (size == 8 && !isDoubleWord(offset)) {
                return registers.file.read(place(offset), 4) | registers.file.read(place(offset + 4), 4) << 32;
            }
            return registers.file.read(place(offset), size);
        }
    }

    /**
     * Writes a register, and does what the write causes. Eight bytes over two registers are two writes, the lower one
     * first.
     *
     * @param context context of the calling thread
     * @param offset offset in the region, aligned to {@code size}
     * @param size 4 or 8 bytes
     * @param value the data
     */
    public void write(TransactionContext context, long offset, int size, long value) {
        if (size == 8 && !isDoubleWord(offset)) {
            write(context, offset, 4, value & 0xFFFF_FFFFL);
            write(context, offset + 4, 4, value >>> 32);
            return;
        }
        int effects;
        synchronized (registers) {
            effects = writes.write(place(offset), size, value);
        }
        if ((effects & RegisterWrites.TRANSLATION) != 0) {
            reconfigure(context);
        }
        if ((effects & RegisterWrites.COMMANDS) != 0) {
            commands.run(context);
        }
    }

    private boolean isDoubleWord(long offset) {
        int register = registers.file.indexAt(place(offset));
        return register >= 0 && registers.file.spec(register).bytes() == 8;
    }

    /**
     * Drivers of the first implementations use the indexes of the event queue at their page-0 alias; page 1 is where
     * the architecture has them.
     */
    private static long place(long offset) {
        return (offset & ~7L) == 0xA8 ? offset + 0x10000 : offset;
    }

    /** Hands the newest configuration over, and acknowledges it when no transaction uses an older one. */
    private void reconfigure(TransactionContext context) {
        reconfiguration.run(() -> {
            SmmuConfiguration configuration;
            long gbpa;
            synchronized (registers) {
                configuration = configuration();
                gbpa = registers.get(registers.gbpa);
            }
            backend.configure(context, configuration);
            epochs.synchronize(context);
            synchronized (registers) {
                if (registers.isSet(registers.cr0, RegisterTable.SMMUEN) == configuration.enabled()) {
                    registers.acknowledge(RegisterTable.SMMUEN);
                }
                if (registers.get(registers.gbpa) == gbpa) {
                    registers.set(registers.gbpa, gbpa & ~RegisterTable.UPDATE.mask());
                }
            }
        });
    }

    private SmmuConfiguration configuration() {
        long layout = registers.get(registers.strtabBaseCfg);
        return new SmmuConfiguration(
                registers.isSet(registers.cr0, RegisterTable.SMMUEN),
                (int) (registers.get(registers.gbpa) & ~RegisterTable.UPDATE.mask()),
                RegisterTable.STRTAB_ADDR.inPlace(registers.get(registers.strtabBase)),
                Math.min(RegisterTable.STRTAB_LOG2SIZE.getInt(layout), registers.id.streamIdSize()),
                RegisterTable.STRTAB_SPLIT.getInt(layout),
                RegisterTable.STRTAB_FMT.get(layout) == 1,
                registers.isSet(registers.cr2, RegisterTable.RECINVSID));
    }

    @Override
    public void record(TransactionContext context, SmmuEvent event) {
        record(context, event, false);
    }

    /**
     * {@inheritDoc}
     *
     * <p>An event that may be merged is, when it equals the newest record, software has not consumed that yet, and no
     * CMD_SYNC has completed since (section 7.3.1).
     */
    @Override
    public void record(TransactionContext context, SmmuEvent event, boolean mergeable) {
        eventCounters.count(event.type());
        events.record(context, event.encode(), mergeable);
    }

    /**
     * Records an event that comes as a record, as a host reports it.
     *
     * @param context context of the calling thread
     * @param words four 64-bit words
     * @return whether the record is in the queue; it is lost when the queue is disabled or full, or its memory aborts
     */
    public boolean record(TransactionContext context, long[] words) {
        eventCounters.count(words);
        return events.record(context, words, false);
    }

    /**
     * Resets the registers and makes the backend forget what it has. Called when DMA has gone quiet.
     *
     * @param context context of the calling thread
     */
    public void reset(TransactionContext context) {
        synchronized (registers) {
            registers.file.reset();
            commands.restart();
            events.restart();
        }
        backend.forget();
        reconfigure(context);
    }

    /** {@return the registers by name, as 64-bit words: the whole architectural state} */
    public Map<String, Object> save() {
        synchronized (registers) {
            return registers.file.save();
        }
    }

    /**
     * Takes over saved registers. Registers that are absent take their reset value; names that this version does not
     * have are ignored. The backend learns the configuration at once, commands wait for {@link #resume}.
     *
     * @param context context of the calling thread
     * @param saved words by register name
     * @throws RestoreException if an ID register differs from what this SMMU shows, or a value is no number; nothing
     *     has changed then
     */
    public void restore(TransactionContext context, Map<?, ?> saved) throws RestoreException {
        synchronized (registers) {
            new RegisterRestore(registers).restore(saved);
            commands.restart();
            events.restart();
        }
        backend.forget();
        reconfigure(context);
    }

    /**
     * Runs commands that wait in the queue of a restored model.
     *
     * @param context context of the calling thread
     */
    public void resume(TransactionContext context) {
        commands.run(context);
    }

    /** {@return all registers with their fields} */
    public InspectNode inspectRegisters() {
        synchronized (registers) {
            return registers.file.inspect("registers");
        }
    }

    /**
     * {@return the records between CONS and PROD of the event queue, decoded, oldest first}; of more than 1,024 the
     * oldest, and a text that says how many are newer
     *
     * @param context context of the calling thread
     */
    public List<InspectNode> inspectEvents(TransactionContext context) {
        var records = new ArrayList<InspectNode>();
        int newer = events.visit(context, EVENTS_SHOWN, (entry, address, words) -> records.add(
                EventDescription.of(words).withNote("entry 0x%x at 0x%x".formatted(entry, address))));
        if (newer > 0) {
            records.add(InspectNode.text("not shown", newer + " newer records"));
        }
        return records;
    }

    /**
     * {@return the latest commands in the ring, decoded, from CONS back}
     *
     * @param context context of the calling thread
     */
    public List<InspectNode> inspectCommands(TransactionContext context) {
        return commands.inspect(context, COMMANDS_SHOWN);
    }

    /** {@return counters of commands and events by type, and of what went wrong with either} */
    public List<InspectNode> inspectCounters() {
        var executed = new ArrayList<InspectNode>();
        for (CommandCode code : CommandCode.values()) {
            if (executor.executed(code) != 0) {
                executed.add(InspectNode.number(code.name(), executor.executed(code)));
            }
        }
        executed.add(InspectNode.number("CERROR_ILL", executor.illegal()));
        executed.add(InspectNode.number("CERROR_ABT", executor.unfetchable()));
        var recorded = new ArrayList<>(eventCounters.inspect());
        recorded.add(InspectNode.number("recorded", events.recorded()));
        recorded.add(InspectNode.number("merged", events.merged()));
        recorded.add(InspectNode.number("lost, queue disabled", events.disabled()));
        recorded.add(InspectNode.number("lost, queue full", events.overflowed()));
        recorded.add(InspectNode.number("lost, write aborted", events.aborted()));
        return List.of(InspectNode.group("commands", executed), InspectNode.group("events", recorded));
    }
}
