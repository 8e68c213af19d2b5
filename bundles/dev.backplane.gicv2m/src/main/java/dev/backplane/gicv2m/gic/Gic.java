package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.InterruptStates.ACTIVE;
import static dev.backplane.gicv2m.gic.InterruptStates.ENABLED;
import static dev.backplane.gicv2m.gic.InterruptStates.FIRST_PPI;
import static dev.backplane.gicv2m.gic.InterruptStates.GROUP1;
import static dev.backplane.gicv2m.gic.InterruptStates.LATCHED;

import dev.backplane.device.DeviceLog;
import dev.backplane.irq.CpuInterface;
import java.util.ArrayDeque;
import java.util.Queue;

/**
 * Distributor and CPU interfaces together: which interrupt a processor gets, and its way from pending over active to
 * inactive (IHI 0048B, section 3.2.4). An interrupt identity is the value of GICC_IAR: the INTID, and for an SGI the
 * source processor above it. Not thread-safe.
 */
final class Gic {
    /** Group 1 is pending, but the read may not acknowledge it (IHI 0048B, table 3-1). */
    static final int GROUP1_PENDING = 1022;

    private static final int IIDR_GIC400 = 0x0202_143B;

    final InterruptStates states;
    private final Queue<Integer> ended = new ArrayDeque<>();
    final Distributor distributor;
    final CpuInterfaceState[] processors;
    private final DeviceLog log;

    Gic(int processors, int interrupts, DeviceLog log) {
        this.log = log;
        states = new InterruptStates(processors, interrupts);
        distributor = new Distributor(states);
        this.processors = new CpuInterfaceState[processors];
        for (int processor = 0; processor < processors; processor++) {
            this.processors[processor] = new CpuInterfaceState();
        }
    }

    void reset() {
        states.reset();
        distributor.reset();
        for (CpuInterfaceState processor : processors) {
            processor.reset();
        }
    }

    private boolean isGroup1(int processor, int intid) {
        return states.is(GROUP1, processor, intid);
    }

    /**
     * {@return the INTID that the Distributor forwards to a CPU interface now, or {@link CpuInterface#SPURIOUS}} Of
     * equal priorities the lowest INTID wins.
     */
    int forwarded(int processor) {
        int best = CpuInterface.SPURIOUS;
        int bestPriority = CpuInterfaceState.IDLE;
        for (int intid = 0; intid < states.interrupts; intid++) {
            int priority = states.priority(processor, intid);
            if (priority < bestPriority && isForwarded(processor, intid)) {
                best = intid;
                bestPriority = priority;
            }
        }
        return best;
    }

    private boolean isForwarded(int processor, int intid) {
        return states.isPending(processor, intid)
                && states.is(ENABLED, processor, intid)
                && !states.is(ACTIVE, processor, intid)
                && states.isTargeted(processor, intid)
                && distributor.forwards(isGroup1(processor, intid));
    }

    /** {@return the forwarded INTID if its priority is sufficient to be signalled, else SPURIOUS} */
    private int signalled(int processor) {
        int intid = forwarded(processor);
        boolean sufficient = intid != CpuInterface.SPURIOUS
                && processors[processor].canSignal(states.priority(processor, intid), isGroup1(processor, intid));
        return sufficient ? intid : CpuInterface.SPURIOUS;
    }

    /** {@return the identity that an acknowledge for the group would return} */
    int signalled(int processor, boolean group1) {
        int intid = signalled(processor);
        boolean wanted = intid != CpuInterface.SPURIOUS && isGroup1(processor, intid) == group1;
        return wanted ? identity(processor, intid) : CpuInterface.SPURIOUS;
    }

    private int identity(int processor, int intid) {
        if (intid >= FIRST_PPI) {
            return intid;
        }
        int source = Integer.numberOfTrailingZeros(states.sources(processor, intid));
        return (int) GiccRegister.CPUID.with(intid, source);
    }

    /** Acknowledges what is signalled if it is of the group; {@return its identity} */
    int acknowledge(int processor, boolean group1) {
        int identity = signalled(processor, group1);
        if (identity == CpuInterface.SPURIOUS) {
            return identity;
        }
        int intid = GiccRegister.INTERRUPT_ID.getInt(identity);
        if (intid < FIRST_PPI) {
            int sources = states.sources(processor, intid);
            states.sources(processor, intid, sources & sources - 1);
        } else {
            states.set(LATCHED, processor, intid, false);
        }
        states.set(ACTIVE, processor, intid, true);
        processors[processor].activate(states.priority(processor, intid), group1);
        return identity;
    }

    /** GICC_IAR: group 0, and group 1 too when AckCtl is 1. */
    int acknowledgeAny(int processor) {
        int intid = signalled(processor);
        if (intid == CpuInterface.SPURIOUS) {
            return intid;
        }
        boolean group1 = isGroup1(processor, intid);
        if (group1 && !processors[processor].acknowledgesGroup1()) {
            return GROUP1_PENDING;
        }
        return acknowledge(processor, group1);
    }

    /** Ends an interrupt of a group; the source processor in the identity does not matter. */
    void end(int processor, int identity, boolean group1) {
        int intid = GiccRegister.INTERRUPT_ID.getInt(identity);
        if (CpuInterfaceState.isSpecial(intid)) {
            return;
        }
        if (!states.exists(intid)) {
            log.guestError("end of interrupt %d: only %d interrupts exist".formatted(intid, states.interrupts));
            return;
        }
        if (isGroup1(processor, intid) != group1) {
            log.guestError("end of interrupt %d for group %d: it is in the other group: ignored"
                    .formatted(intid, group1 ? 1 : 0));
            return;
        }
        if (!processors[processor].drop(group1)) {
            log.guestError("end of interrupt %d: no interrupt of its group runs on processor %d"
                    .formatted(intid, processor));
        }
        if (!processors[processor].splitsEndOfInterrupt()) {
            ended(processor, intid);
        }
    }

    private void ended(int processor, int intid) {
        states.set(ACTIVE, processor, intid, false);
        if (intid >= InterruptStates.FIRST_SPI) {
            ended.add(intid);
        }
    }

    /** {@return the next SPI that was ended and nobody was told of, or -1} */
    int takeEnded() {
        return ended.isEmpty() ? -1 : ended.remove();
    }

    /** GICC_EOIR: group 0, and group 1 too when AckCtl is 1. */
    void endAny(int processor, int identity) {
        int intid = GiccRegister.INTERRUPT_ID.getInt(identity);
        boolean group1 = processors[processor].acknowledgesGroup1()
                && states.exists(intid)
                && isGroup1(processor, intid);
        end(processor, identity, group1);
    }

    /** GICC_DIR (IHI 0048B); UNPREDICTABLE while EOImode is 0, ignored here. */
    void deactivate(int processor, int identity) {
        int intid = GiccRegister.INTERRUPT_ID.getInt(identity);
        if (CpuInterfaceState.isSpecial(intid)) {
            return;
        }
        if (!states.exists(intid) || !processors[processor].splitsEndOfInterrupt()) {
            log.guestError("deactivation of %d ignored: expected an INTID below %d and EOImode 1"
                    .formatted(intid, states.interrupts));
            return;
        }
        ended(processor, intid);
    }

    /** Reads a CPU interface register as its processor. */
    long read(int processor, long offset) {
        CpuInterfaceState own = processors[processor];
        GiccRegister register = GiccRegister.at(offset);
        return switch (register) {
            case null -> 0;
            case CTLR -> own.control;
            case PMR -> own.priorityMask;
            case BPR -> own.binaryPoint;
            case ABPR -> own.aliasedBinaryPoint;
            case IAR -> acknowledgeAny(processor);
            case AIAR -> acknowledge(processor, true);
            case RPR -> own.readRunningPriority();
            case HPPIR -> highestPending(processor);
            case AHPPIR -> highestPendingOfGroup1(processor);
            case APR0, APR1, APR2, APR3 -> own.active[0][activeWord(register)] & 0xFFFF_FFFFL;
            case NSAPR0, NSAPR1, NSAPR2, NSAPR3 -> own.active[1][activeWord(register)] & 0xFFFF_FFFFL;
            case IIDR -> IIDR_GIC400;
            case EOIR, AEOIR, DIR -> 0;
        };
    }

    private static int activeWord(GiccRegister register) {
        return register.offset / 4 % 4;
    }

    /** GICC_HPPIR: what is pending at the interface, whether or not its priority is sufficient. */
    private int highestPending(int processor) {
        int intid = forwarded(processor);
        if (intid == CpuInterface.SPURIOUS) {
            return intid;
        }
        boolean hidden = isGroup1(processor, intid) && !processors[processor].acknowledgesGroup1();
        return hidden ? GROUP1_PENDING : identity(processor, intid);
    }

    private int highestPendingOfGroup1(int processor) {
        int intid = forwarded(processor);
        boolean shown = intid != CpuInterface.SPURIOUS && isGroup1(processor, intid);
        return shown ? identity(processor, intid) : CpuInterface.SPURIOUS;
    }

    /** Writes a CPU interface register as its processor. */
    void write(int processor, long offset, int value) {
        CpuInterfaceState own = processors[processor];
        GiccRegister register = GiccRegister.at(offset);
        switch (register) {
            case null -> {
                // reserved: WI
            }
            case CTLR -> own.control = value & GiccRegister.CTLR_FIELDS;
            case PMR -> own.priorityMask = value & 0xFF;
            case BPR -> own.binaryPoint(value);
            case ABPR -> own.aliasedBinaryPoint(value);
            case EOIR -> endAny(processor, value);
            case AEOIR -> end(processor, value, true);
            case APR0, APR1, APR2, APR3 -> own.active[0][activeWord(register)] = value;
            case NSAPR0, NSAPR1, NSAPR2, NSAPR3 -> own.active[1][activeWord(register)] = value;
            case DIR -> deactivate(processor, value);
            case IAR, AIAR, RPR, HPPIR, AHPPIR, IIDR -> {
                // read-only
            }
        }
    }
}
