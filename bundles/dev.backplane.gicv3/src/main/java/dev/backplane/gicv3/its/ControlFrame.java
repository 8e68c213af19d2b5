package dev.backplane.gicv3.its;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.TransactionContext;
import dev.backplane.register.RegisterFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The control registers and the command queue (IHI 0069, chapters 5 and 12). One thread at a time executes
 * commands, without the lock of the registers: a thread that writes GITS_CWRITER meanwhile leaves the work to it, so
 * nobody waits for a thread that itself waits for a grace period.
 */
final class ControlFrame {
    private static final int QUEUE_PAGE = 4096;

    private final TableMemory memory;
    private final ItsTables tables;
    private final TranslationCache cache;
    private final Translator translator;
    private final CommandExecutor executor;
    private final ItsErrors errors;
    private final ReentrantLock lock = new ReentrantLock();
    private final AtomicInteger work = new AtomicInteger();
    private final RegisterFile registers;
    private final int ctlr;
    private final int cbaser;
    private final int cwriter;
    private final int creadr;
    private final int baser0;

    ControlFrame(
            TableMemory memory,
            ItsTables tables,
            TranslationCache cache,
            Translator translator,
            CommandExecutor executor,
            ItsErrors errors) {
        this.memory = memory;
        this.tables = tables;
        this.cache = cache;
        this.translator = translator;
        this.executor = executor;
        this.errors = errors;
        registers = new RegisterFile(ItsRegisters.table(tables.hardwareCollections()));
        ctlr = registers.indexOf("GITS_CTLR");
        cbaser = registers.indexOf("GITS_CBASER");
        cwriter = registers.indexOf("GITS_CWRITER");
        creadr = registers.indexOf("GITS_CREADR");
        baser0 = registers.indexOf("GITS_BASER0");
    }

    long read(TransactionContext context, int at, int size) {
        if (IdentificationRegisters.cover(at) && size == 4) {
            return IdentificationRegisters.read(IdentificationRegisters.ITS, at);
        }
        if (registers.indexAt(at) == creadr) {
            // Commands that waited for the GIC go on when software looks whether they were executed.
            processCommands(context);
        }
        lock.lock();
        try {
            int index = registers.indexAt(at);
            if (!allows(index, size)) {
                errors.note("GITS offset 0x%x: read of %d bytes is not allowed here; it reads as zero"
                        .formatted(at, size));
                return 0;
            }
            long value = registers.read(at, size);
            return index == ctlr && work.get() == 0 ? ItsRegisters.QUIESCENT.with(value, 1) : value;
        } finally {
            lock.unlock();
        }
    }

    private boolean allows(int index, int size) {
        return size == 4 || size == 8 && index >= 0 && registers.spec(index).bytes() == 8;
    }

    void write(TransactionContext context, int at, int size, long value) {
        lock.lock();
        try {
            int index = registers.indexAt(at);
            if (!allows(index, size)) {
                errors.note("GITS offset 0x%x: write of %d bytes is not allowed here; ignored".formatted(at, size));
                return;
            }
            store(index, at, size, value);
        } finally {
            lock.unlock();
        }
        processCommands(context);
    }

    private void store(int index, int at, int size, long value) {
        if (index == ctlr) {
            boolean enable = ItsRegisters.ENABLED.isSet(value);
            registers.set(ctlr, ItsRegisters.ENABLED.with(0, enable ? 1 : 0));
            if (enable != translator.isEnabled()) {
                cache.invalidateAll();
            }
            translator.setEnabled(enable);
        } else if (index == cwriter) {
            writeCwriter(at, size, value);
        } else if (index == cbaser) {
            if (isLockedByEnable(index)) {
                return;
            }
            registers.write(at, size, value);
            registers.set(creadr, 0);
        } else if (isTableBase(index) && !isLockedByEnable(index)) {
            registers.write(at, size, value);
            int table = index - baser0;
            registers.set(index, ItsRegisters.settleBaser(table, registers.get(index)));
            tables.configure(table, registers.get(index));
            cache.invalidateAll();
        }
    }

    private boolean isTableBase(int index) {
        return index >= baser0 && index <= baser0 + ItsRegisters.COLLECTIONS;
    }

    /** While the ITS is enabled, where its queue and tables are cannot change (GITS_BASERn, GITS_CBASER). */
    private boolean isLockedByEnable(int index) {
        boolean enabled = ItsRegisters.ENABLED.isSet(registers.get(ctlr));
        if (enabled) {
            errors.note("%s: written while GITS_CTLR.Enabled is 1; ignored".formatted(registers.spec(index).name()));
        }
        return enabled;
    }

    private void writeCwriter(int at, int size, long value) {
        if (size == 4 && (at & 4) != 0) {
            return;
        }
        long offset = ItsRegisters.OFFSET.inPlace(value);
        if (ItsRegisters.VALID.isSet(registers.get(cbaser)) && offset >= queueBytes()) {
            errors.note("GITS_CWRITER: offset 0x%x is beyond the queue of 0x%x bytes; ignored"
                    .formatted(offset, queueBytes()));
            return;
        }
        registers.set(cwriter, offset);
        if (ItsRegisters.RETRY.isSet(value)) {
            registers.set(creadr, ItsRegisters.STALLED.with(registers.get(creadr), 0));
        }
    }

    private long queueBytes() {
        return (ItsRegisters.CBASER_SIZE.get(registers.get(cbaser)) + 1) * QUEUE_PAGE;
    }

    /** Executes what is in the queue, unless another thread is at it: then that one goes on. */
    private void processCommands(TransactionContext context) {
        if (work.getAndIncrement() != 0) {
            return;
        }
        int seen = 1;
        do {
            try {
                while (processCommand(context)) {
                    // goes on until the queue is empty, stalled or disabled
                }
            } catch (RuntimeException | Error defect) {
                work.set(0);
                throw defect;
            }
            seen = work.addAndGet(-seen);
        } while (seen != 0);
    }

    private boolean processCommand(TransactionContext context) {
        long queue;
        long offset;
        lock.lock();
        try {
            if (!mayProcess()) {
                return false;
            }
            queue = registers.get(cbaser);
            offset = ItsRegisters.OFFSET.inPlace(registers.get(creadr));
        } finally {
            lock.unlock();
        }
        Command command = load(context, ItsRegisters.CBASER_ADDRESS.inPlace(queue) + offset);
        CommandError error = command == null ? CommandError.MEMORY_FAULT : executor.execute(context, command);
        if (error != null) {
            errors.count(error, offset, command);
        }
        lock.lock();
        try {
            if (registers.get(cbaser) != queue || ItsRegisters.OFFSET.inPlace(registers.get(creadr)) != offset) {
                return true;
            }
            if (error == CommandError.MEMORY_FAULT) {
                registers.set(creadr, ItsRegisters.STALLED.with(offset, 1));
            } else {
                registers.set(creadr, offset + Command.SIZE == queueBytes() ? 0 : offset + Command.SIZE);
            }
        } finally {
            lock.unlock();
        }
        return true;
    }

    private boolean mayProcess() {
        long readr = registers.get(creadr);
        return ItsRegisters.ENABLED.isSet(registers.get(ctlr))
                && ItsRegisters.VALID.isSet(registers.get(cbaser))
                && !ItsRegisters.STALLED.isSet(readr)
                && ItsRegisters.OFFSET.inPlace(registers.get(cwriter)) < queueBytes()
                && readr != registers.get(cwriter)
                && executor.isReady();
    }

    private Command load(TransactionContext context, long address) {
        var words = new long[Command.SIZE / 8];
        for (int word = 0; word < words.length; word++) {
            if (!memory.load(context, address + 8L * word)) {
                return null;
            }
            words[word] = context.data();
        }
        return new Command(words[0], words[1], words[2], words[3]);
    }

    void reset() {
        lock.lock();
        try {
            registers.reset();
            settle();
            tables.reset();
            executor.setGeneration(0);
        } finally {
            lock.unlock();
        }
    }

    /** Lets everything that is derived from the registers follow them. */
    private void settle() {
        for (int table = 0; table <= ItsRegisters.COLLECTIONS; table++) {
            tables.configure(table, registers.get(baser0 + table));
        }
        translator.setEnabled(ItsRegisters.ENABLED.isSet(registers.get(ctlr)));
        cache.invalidateAll();
    }

    Map<String, Object> save() {
        lock.lock();
        try {
            return registers.save();
        } finally {
            lock.unlock();
        }
    }

    void restore(SavedState saved) throws RestoreException {
        lock.lock();
        try {
            for (int index : new int[] {ctlr, cbaser, cwriter, creadr, baser0, baser0 + ItsRegisters.COLLECTIONS}) {
                registers.set(index, saved.getLong(registers.spec(index).name()));
            }
            settle();
        } finally {
            lock.unlock();
        }
    }

    /** Goes on with commands that were not executed when the state was saved. */
    void resume(TransactionContext context) {
        processCommands(context);
    }

    InspectNode inspect() {
        lock.lock();
        try {
            return registers.inspect("GITS");
        } finally {
            lock.unlock();
        }
    }

    /** {@return the commands in the queue's memory, up to GITS_CWRITER, and where the ITS is} */
    InspectNode commands(TransactionContext context) {
        long queue;
        long read;
        long written;
        lock.lock();
        try {
            queue = registers.get(cbaser);
            read = ItsRegisters.OFFSET.inPlace(registers.get(creadr));
            written = ItsRegisters.OFFSET.inPlace(registers.get(cwriter));
        } finally {
            lock.unlock();
        }
        if (!ItsRegisters.VALID.isSet(queue)) {
            return InspectNode.group("commands", List.of());
        }
        long bytes = (ItsRegisters.CBASER_SIZE.get(queue) + 1) * QUEUE_PAGE;
        var decoded = new ArrayList<InspectNode>();
        for (long offset = 0; offset < bytes; offset += Command.SIZE) {
            boolean waiting = read <= written ? offset >= read && offset < written : offset >= read || offset < written;
            if (offset >= written && !waiting) {
                continue;
            }
            Command command = load(context, ItsRegisters.CBASER_ADDRESS.inPlace(queue) + offset);
            decoded.add(InspectNode.text("0x%05x".formatted(offset), command == null ? "" : command.toString())
                    .withNote(command == null ? "not in memory" : waiting ? "waiting" : "done"));
        }
        return InspectNode.group("commands", decoded);
    }
}
