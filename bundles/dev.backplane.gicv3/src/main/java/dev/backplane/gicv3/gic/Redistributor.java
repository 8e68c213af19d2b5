package dev.backplane.gicv3.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.gicv3.table.TableMemory;
import dev.backplane.memory.TransactionContext;
import dev.backplane.register.RegisterFile;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A redistributor with its CPU interface: SGIs, PPIs and LPIs of one processor (IHI 0069, chapter 12).
 * Its lock guards all but the pending bits of LPIs; the distributor's lock may be taken inside it, no other
 * redistributor's.
 */
final class Redistributor {
    /** Size of a frame; RD_base and SGI_base follow each other. */
    static final int FRAME = 0x10000;

    private final GicConfig config;
    private final int processor;
    private final GuestErrors errors;
    private final ReentrantLock lock = new ReentrantLock();
    private final RegisterFile registers;
    private final int ctlr;
    private final int waker;
    private final int propbaser;
    private final int pendbaser;
    private final InterruptBank bank = new InterruptBank(0, 32);
    private final CpuState cpu = new CpuState();
    private final LpiStore lpis = new LpiStore();
    private volatile TableMemory memory;

    /**
     * Makes a redistributor in its reset state.
     *
     * @param processor processor number
     * @param last whether it is the last one in its region
     */
    Redistributor(GicConfig config, int processor, boolean last, GuestErrors errors) {
        this.config = config;
        this.processor = processor;
        this.errors = errors;
        registers = new RegisterFile(RedistributorRegisters.table(config, processor, last));
        ctlr = registers.indexOf("GICR_CTLR");
        waker = registers.indexOf("GICR_WAKER");
        propbaser = config.lpis() ? registers.indexOf("GICR_PROPBASER") : -1;
        pendbaser = config.lpis() ? registers.indexOf("GICR_PENDBASER") : -1;
    }

    void connect(TableMemory tables) {
        memory = tables;
    }

    TableMemory memory() {
        return memory;
    }

    int processor() {
        return processor;
    }

    ReentrantLock lock() {
        return lock;
    }

    RegisterFile registers() {
        return registers;
    }

    InterruptBank bank() {
        return bank;
    }

    CpuState cpu() {
        return cpu;
    }

    /** {@return the LPIs; setting, clearing and finding pending bits needs no lock} */
    LpiStore lpis() {
        return lpis;
    }

    /** {@return whether GICR_WAKER keeps interrupts from the processor} */
    boolean isAsleep() {
        return RedistributorRegisters.PROCESSOR_SLEEP.isSet(registers.get(waker));
    }

    /** {@return whether the processor takes 1-of-N interrupts of a group (GICR_CTLR.DPGn)} */
    boolean takesAny(int group) {
        return !(group == 0 ? RedistributorRegisters.DPG0 : RedistributorRegisters.DPG1NS).isSet(registers.get(ctlr));
    }

    /** {@return the SGI, PPI or LPI to signal first, as {@link Candidate}; under the lock} */
    int best(TransactionContext context, boolean group0, boolean group1) {
        int best = Candidate.NONE;
        for (int bits = bank.signalled(0, group0, group1); bits != 0; bits &= bits - 1) {
            int intid = Integer.numberOfTrailingZeros(bits);
            best = Math.min(best, Candidate.of(bank.priority(intid), intid, bank.groupOf(intid)));
        }
        return group1 ? Math.min(best, lpis.best(context, memory)) : best;
    }

    /** Drives the input of a PPI. */
    void setInput(int intid, boolean asserted) {
        lock.lock();
        try {
            bank.setInput(intid, asserted);
        } finally {
            lock.unlock();
        }
    }

    /** Makes an SGI pending if it is in the group that the sender generates. */
    void sendSgi(int group, int intid) {
        lock.lock();
        try {
            if (bank.groupOf(intid) == group) {
                bank.pend(0, 1 << intid);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Drops the cached configuration of one LPI, or of all when the INTID is -1. */
    void invalidate(int intid) {
        lock.lock();
        try {
            if (intid == -1) {
                lpis.invalidateAll();
            } else {
                lpis.invalidate(intid);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Reads a register of either frame. */
    long read(int at, int size) {
        lock.lock();
        try {
            return at < FRAME ? readControl(at, size) : readBank(at - FRAME, size);
        } finally {
            lock.unlock();
        }
    }

    private long readControl(int at, int size) {
        if (IdentificationRegisters.cover(at) && size == 4) {
            return IdentificationRegisters.read(IdentificationRegisters.REDISTRIBUTOR, at);
        }
        int index = registers.indexAt(at);
        if (size == 4 || size == 8 && index >= 0 && registers.spec(index).bytes() == 8) {
            return registers.read(at, size);
        }
        refuse("read", at, size);
        return 0;
    }

    private long readBank(int at, int size) {
        BankRegister array = BankRegister.at(at);
        if (array != null && array.allows(size)) {
            return array.read(bank, at, size);
        }
        if (size != 4) {
            refuse("read", at + FRAME, size);
        }
        return 0;
    }

    /** Writes a register of either frame. */
    void write(TransactionContext context, int at, int size, long value) {
        lock.lock();
        try {
            if (at < FRAME) {
                writeControl(context, at, size, value);
            } else {
                writeBank(at - FRAME, size, value);
            }
        } finally {
            lock.unlock();
        }
    }

    private void writeBank(int at, int size, long value) {
        BankRegister array = BankRegister.at(at);
        if (array != null && array.allows(size)) {
            array.write(bank, at, size, value);
        } else if (size != 4) {
            refuse("write", at + FRAME, size);
        }
    }

    private void writeControl(TransactionContext context, int at, int size, long value) {
        int index = registers.indexAt(at);
        if (size != 4 && !(size == 8 && index >= 0 && registers.spec(index).bytes() == 8)) {
            refuse("write", at, size);
            return;
        }
        if (index < 0) {
            return;
        }
        switch (registers.spec(index).name()) {
            case "GICR_CTLR" -> writeCtlr(context, value);
            case "GICR_WAKER" -> {
                boolean sleep = RedistributorRegisters.PROCESSOR_SLEEP.isSet(value);
                registers.set(waker, sleep ? registers.spec(waker).reset() : 0);
            }
            case "GICR_PROPBASER" -> writeTableBase(at, size, value);
            case "GICR_PENDBASER" -> writeTableBase(at, size, value);
            case "GICR_INVLPIR" -> {
                if ((at & 4) == 0) {
                    lpis.invalidate((int) value);
                }
            }
            case "GICR_INVALLR" -> lpis.invalidateAll();
            default -> registers.write(at, size, value);
        }
    }

    /** PROPBASER and PENDBASER may not change while LPIs are enabled (IHI 0069, at those registers). */
    private void writeTableBase(int at, int size, long value) {
        if (lpis.isEnabled()) {
            errors.count("GICR%d offset 0x%x: written while LPIs are enabled; ignored", processor, at);
        } else {
            registers.write(at, size, value);
        }
    }

    private void writeCtlr(TransactionContext context, long value) {
        boolean enable = config.lpis() && RedistributorRegisters.ENABLE_LPIS.isSet(value);
        if (enable != lpis.isEnabled()) {
            enableLpis(context, enable);
        }
        registers.set(ctlr, value & (RedistributorRegisters.DPG0.mask() | RedistributorRegisters.DPG1NS.mask())
                | (enable ? RedistributorRegisters.ENABLE_LPIS.mask() : 0)
                | RedistributorRegisters.fixedControl(config));
    }

    private void enableLpis(TransactionContext context, boolean enable) {
        long pendingBase = registers.get(pendbaser);
        long pendingTable = RedistributorRegisters.PENDBASER_ADDRESS.inPlace(pendingBase);
        boolean complete;
        if (enable) {
            boolean zero = RedistributorRegisters.PTZ.isSet(pendingBase);
            complete = lpis.enable(context, memory, intidBits(), configurations(), zero ? -1 : pendingTable);
            // PTZ is write-only: software that reads it finds zero.
            registers.set(pendbaser, pendingBase & ~RedistributorRegisters.PTZ.mask());
        } else {
            complete = lpis.disable(context, memory, pendingTable);
        }
        if (!complete) {
            errors.count("GICR%d: GICR_PENDBASER 0x%x: the pending table is not in memory", processor, pendingBase);
        }
    }

    private int intidBits() {
        return Math.min(
                RedistributorRegisters.PROPBASER_ID_BITS.getInt(registers.get(propbaser)) + 1, config.intidBits());
    }

    private long configurations() {
        return RedistributorRegisters.PROPBASER_ADDRESS.inPlace(registers.get(propbaser));
    }

    private void refuse(String what, int at, int size) {
        errors.count("GICR%d offset 0x%x: %s of %d bytes is not allowed here; ignored", processor, at, what, size);
    }

    void reset() {
        lock.lock();
        try {
            registers.reset();
            bank.reset();
            cpu.reset();
            lpis.reset();
        } finally {
            lock.unlock();
        }
    }

    Map<String, Object> save() {
        lock.lock();
        try {
            var saved = new LinkedHashMap<String, Object>();
            saved.put("registers", registers.save());
            saved.put("private", bank.save());
            saved.put("cpu", cpu.save());
            saved.put("lpis", lpis.save());
            return new SavedState("redistributor", 1, saved).fields();
        } finally {
            lock.unlock();
        }
    }

    void restore(SavedState saved) throws RestoreException {
        lock.lock();
        try {
            long[] pending = saved.get("lpis", long[].class);
            SavedState words = Nested.state(saved, "registers");
            bank.restore(Nested.state(saved, "private"));
            cpu.restore(Nested.state(saved, "cpu"));
            registers.set(ctlr, words.getLong("GICR_CTLR"));
            registers.set(waker, words.getLong("GICR_WAKER"));
            lpis.reset();
            if (config.lpis()) {
                registers.set(propbaser, words.getLong("GICR_PROPBASER"));
                registers.set(pendbaser, words.getLong("GICR_PENDBASER"));
                if (RedistributorRegisters.ENABLE_LPIS.isSet(registers.get(ctlr))) {
                    lpis.restore(pending, intidBits(), configurations());
                }
            }
        } finally {
            lock.unlock();
        }
    }
}
