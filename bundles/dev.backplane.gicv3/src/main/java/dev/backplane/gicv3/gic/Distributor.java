package dev.backplane.gicv3.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.register.RegisterFile;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The distributor: SPIs, their routing, and group enables (IHI 0069, chapter 12). Its lock is the innermost of a GIC:
 * nothing is called with it held.
 */
final class Distributor implements MmioHandler {
    private static final int IROUTER = 0x6000;
    private static final int IROUTER_END = 0x8000;
    private static final int SINGLE_REGISTERS_END = BankRegister.START;
    /** GICD_IROUTER: Aff3, Interrupt_Routing_Mode, Aff2, Aff1, Aff0. */
    private static final long IROUTER_MASK = 0xFF_80FF_FFFFL;
    /** GICD_IROUTER.Interrupt_Routing_Mode: any participating processor. */
    private static final long ANY_PROCESSOR = 1L << 31;

    private final GicConfig config;
    private final GuestErrors errors;
    private final ReentrantLock lock = new ReentrantLock();
    private final RegisterFile registers;
    private final int ctlr;
    private final int setSpi;
    private final int clearSpi;
    private final InterruptBank spis;
    private final long[] routes;
    private volatile long control;

    Distributor(GicConfig config, GuestErrors errors) {
        this.config = config;
        this.errors = errors;
        registers = new RegisterFile(DistributorRegisters.table(config));
        ctlr = registers.indexOf("GICD_CTLR");
        setSpi = registers.indexOf("GICD_SETSPI_NSR");
        clearSpi = registers.indexOf("GICD_CLRSPI_NSR");
        spis = new InterruptBank(32, config.interrupts() - 32);
        routes = new long[config.interrupts() - 32];
        control = registers.get(ctlr);
    }

    /** {@return the lock that guards the SPIs; taken inside a redistributor's lock, never the other way round} */
    ReentrantLock lock() {
        return lock;
    }

    /** {@return the SPIs; under the lock} */
    InterruptBank spis() {
        return spis;
    }

    RegisterFile registers() {
        return registers;
    }

    boolean isGroupEnabled(int group) {
        return (group == 0 ? DistributorRegisters.ENABLE_GRP0 : DistributorRegisters.ENABLE_GRP1).isSet(control);
    }

    long route(int intid) {
        return routes[intid - 32];
    }

    static boolean isAnyProcessor(long route) {
        return (route & ANY_PROCESSOR) != 0;
    }

    /** {@return the processor that a route names, or -1 when none has that affinity} */
    int target(long route) {
        return config.processorAt((int) (route & 0xFF_FFFF) | (int) (route >>> 32 & 0xFF) << 24);
    }

    /**
     * {@return the SPI that a processor sees first, as {@link Candidate}, under the lock}
     *
     * @param anyOfGroup0 whether the processor takes 1-of-N interrupts of group 0
     * @param anyOfGroup1 whether the processor takes 1-of-N interrupts of group 1
     */
    int best(int processor, boolean group0, boolean group1, boolean anyOfGroup0, boolean anyOfGroup1) {
        int best = Candidate.NONE;
        for (int word = 0; word < spis.words(); word++) {
            for (int bits = spis.signalled(word, group0, group1); bits != 0; bits &= bits - 1) {
                int index = word * 32 + Integer.numberOfTrailingZeros(bits);
                int intid = index + 32;
                int group = spis.groupOf(intid);
                long route = routes[index];
                boolean mine = isAnyProcessor(route)
                        ? (group == 0 ? anyOfGroup0 : anyOfGroup1)
                        : target(route) == processor;
                if (mine) {
                    best = Math.min(best, Candidate.of(spis.priority(index), intid, group));
                }
            }
        }
        return best;
    }

    /** Drives the input of an SPI. */
    void setInput(int intid, boolean asserted) {
        lock.lock();
        try {
            if (spis.contains(intid)) {
                spis.setInput(intid, asserted);
                return;
            }
        } finally {
            lock.unlock();
        }
        errors.count("input of INTID %d: there is none; num-irq is %d", intid, config.interrupts());
    }

    /** Deactivates an SPI. */
    void deactivate(int intid) {
        lock.lock();
        try {
            spis.deactivate(intid);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long at, int size) {
        lock.lock();
        try {
            context.data(read((int) at, size));
        } finally {
            lock.unlock();
        }
        return Done.DONE;
    }

    private long read(int at, int size) {
        if (at < SINGLE_REGISTERS_END && size == 4) {
            return registers.read(at, size);
        }
        BankRegister array = BankRegister.at(at);
        if (array != null && array.allows(size)) {
            return array.read(spis, at, size);
        }
        if (at >= IROUTER && at < IROUTER_END && size >= 4) {
            int index = (at - IROUTER) / 8 - 32;
            if (index < 0 || index >= routes.length) {
                return 0;
            }
            return size == 8 ? routes[index] : routes[index] >>> 8 * (at & 4) & 0xFFFF_FFFFL;
        }
        if (IdentificationRegisters.cover(at) && size == 4) {
            return IdentificationRegisters.read(IdentificationRegisters.DISTRIBUTOR, at);
        }
        if (size != 4) {
            errors.count("GICD offset 0x%x: read of %d bytes is not allowed here; it reads as zero", at, size);
        }
        return 0;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long at, int size, long value) {
        lock.lock();
        try {
            write((int) at, size, value);
        } finally {
            lock.unlock();
        }
        return Done.DONE;
    }

    private void write(int at, int size, long value) {
        if (at < SINGLE_REGISTERS_END) {
            writeSingle(at, size, value);
            return;
        }
        BankRegister array = BankRegister.at(at);
        if (array != null && array.allows(size)) {
            array.write(spis, at, size, value);
        } else if (at >= IROUTER && at < IROUTER_END && size >= 4) {
            writeRoute(at, size, value);
        } else if (size != 4) {
            refuseSize(at, size);
        }
    }

    private void writeSingle(int at, int size, long value) {
        int index = registers.indexAt(at);
        boolean message = index >= 0 && (index == setSpi || index == clearSpi);
        if (size != 4 && !(size == 2 && message && (at & 3) == 0)) {
            refuseSize(at, size);
        } else if (message) {
            int intid = (int) value & 0x1FFF;
            if (spis.contains(intid)) {
                spis.message(intid, index == setSpi);
            } else {
                errors.count("%s: INTID %d is no SPI; ignored", registers.spec(index).name(), intid);
            }
        } else if (index == ctlr) {
            registers.write(at, size, value);
            registers.set(ctlr, registers.get(ctlr)
                    & (DistributorRegisters.ENABLE_GRP0.mask() | DistributorRegisters.ENABLE_GRP1.mask())
                    | DistributorRegisters.CTLR_FIXED);
            control = registers.get(ctlr);
        }
    }

    private void writeRoute(int at, int size, long value) {
        int index = (at - IROUTER) / 8 - 32;
        if (index < 0 || index >= routes.length) {
            return;
        }
        int shift = 8 * (at & 4);
        long lanes = size == 8 ? -1L : 0xFFFF_FFFFL << shift;
        routes[index] = (routes[index] & ~lanes | value << shift & lanes) & IROUTER_MASK;
    }

    private void refuseSize(int at, int size) {
        errors.count("GICD offset 0x%x: write of %d bytes is not allowed here; ignored", at, size);
    }

    void reset() {
        lock.lock();
        try {
            registers.reset();
            control = registers.get(ctlr);
            spis.reset();
            Arrays.fill(routes, 0);
        } finally {
            lock.unlock();
        }
    }

    Map<String, Object> save() {
        lock.lock();
        try {
            var saved = new LinkedHashMap<String, Object>();
            saved.put("GICD_CTLR", registers.get(ctlr));
            saved.put("IROUTER", routes);
            saved.put("spis", spis.save());
            return new SavedState("distributor", 1, saved).fields();
        } finally {
            lock.unlock();
        }
    }

    void restore(SavedState saved) throws RestoreException {
        lock.lock();
        try {
            long[] savedRoutes = saved.get("IROUTER", long[].class);
            if (savedRoutes.length != routes.length) {
                throw new RestoreException(
                        "distributor, field IROUTER: %d elements: expected %d; num-irq must be the same"
                                .formatted(savedRoutes.length, routes.length));
            }
            spis.restore(Nested.state(saved, "spis"));
            System.arraycopy(savedRoutes, 0, routes, 0, routes.length);
            registers.set(ctlr, saved.getLong("GICD_CTLR"));
            control = registers.get(ctlr);
        } finally {
            lock.unlock();
        }
    }
}
