package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.InterruptStates.ACTIVE;
import static dev.backplane.gicv2m.gic.InterruptStates.EDGE;
import static dev.backplane.gicv2m.gic.InterruptStates.ENABLED;
import static dev.backplane.gicv2m.gic.InterruptStates.FIRST_PPI;
import static dev.backplane.gicv2m.gic.InterruptStates.FIRST_SPI;
import static dev.backplane.gicv2m.gic.InterruptStates.GROUP1;
import static dev.backplane.gicv2m.gic.InterruptStates.LATCHED;

import dev.backplane.register.BitField;

/**
 * The register interface of the Distributor (IHI 0048B, section 4.3): a GICv2 with interrupt grouping and without the
 * Security Extensions. It identifies itself as a GIC-400. Not thread-safe.
 */
final class Distributor {
    static final BitField ENABLE_GRP0 = BitField.bit("EnableGrp0", 0);
    static final BitField ENABLE_GRP1 = BitField.bit("EnableGrp1", 1);
    private static final int CTLR_FIELDS = (int) (ENABLE_GRP0.mask() | ENABLE_GRP1.mask());

    private static final BitField IT_LINES_NUMBER = BitField.bits("ITLinesNumber", 4, 0);
    private static final BitField CPU_NUMBER = BitField.bits("CPUNumber", 7, 5);

    private static final BitField TARGET_LIST_FILTER = BitField.bits("TargetListFilter", 25, 24);
    private static final BitField CPU_TARGET_LIST = BitField.bits("CPUTargetList", 23, 16);
    private static final BitField SGI_INTID = BitField.bits("SGIINTID", 3, 0);

    private static final int IIDR_GIC400 = 0x0200_143B;
    private static final int[] IDENTIFICATION = {
        0x04, 0x00, 0x00, 0x00, // PIDR4 to PIDR7
        0x90, 0xB4, 0x2B, 0x00, // PIDR0 to PIDR3: part 0x490, architecture 2
        0x0D, 0xF0, 0x05, 0xB1, // CIDR0 to CIDR3
    };

    private final InterruptStates states;
    private int control;

    Distributor(InterruptStates states) {
        this.states = states;
    }

    void reset() {
        control = 0;
    }

    int control() {
        return control;
    }

    void control(int value) {
        control = value & CTLR_FIELDS;
    }

    boolean forwards(boolean group1) {
        return (group1 ? ENABLE_GRP1 : ENABLE_GRP0).isSet(control);
    }

    /** {@return whether the architecture lets an access of this size reach this offset} */
    static boolean takes(long offset, int size) {
        GicdRegister register = GicdRegister.at(offset);
        return size == 4 || size == 1 && register != null && register.isByteAccessible();
    }

    /** Reads as the given processor. */
    long read(int processor, long offset, int size) {
        GicdRegister register = GicdRegister.at(offset);
        return switch (register) {
            case null -> 0;
            case CTLR -> control;
            case TYPER -> IT_LINES_NUMBER.with(0, (states.interrupts + 31) / 32 - 1)
                    | CPU_NUMBER.with(0, states.processors - 1);
            case IIDR -> IIDR_GIC400;
            case SGIR -> 0;
            case IDENTIFICATION -> IDENTIFICATION[(int) (offset - register.offset) / 4];
            default -> readFields(register, processor, offset, size);
        };
    }

    private long readFields(GicdRegister register, int processor, long offset, int size) {
        int bits = register.bitsPerInterrupt;
        int first = register.firstIntid(offset);
        long value = 0;
        for (int i = 0; i < size * 8 / bits; i++) {
            if (states.exists(first + i)) {
                value |= (long) readField(register, processor, first + i) << (i * bits);
            }
        }
        return value;
    }

    private int readField(GicdRegister register, int processor, int intid) {
        return switch (register) {
            case IGROUPR -> bit(states.is(GROUP1, processor, intid));
            case ISENABLER, ICENABLER -> bit(states.is(ENABLED, processor, intid));
            case ISPENDR, ICPENDR -> bit(states.isPending(processor, intid));
            case ISACTIVER, ICACTIVER -> bit(states.is(ACTIVE, processor, intid));
            case IPRIORITYR -> states.priority(processor, intid);
            case ITARGETSR -> readTargets(processor, intid);
            case ICFGR -> bit(states.is(EDGE, processor, intid)) << 1;
            case CPENDSGIR, SPENDSGIR -> states.sources(processor, intid);
            default -> throw new IllegalStateException(register + " is no array by interrupt");
        };
    }

    private static int bit(boolean value) {
        return value ? 1 : 0;
    }

    private int readTargets(int processor, int intid) {
        if (states.processors == 1) {
            return 0; // RAZ/WI with one processor (IHI 0048B, GICD_ITARGETSRn)
        }
        return intid < FIRST_SPI ? 1 << processor : states.targets(intid);
    }

    /** Writes as the given processor; read-only and reserved registers ignore it. */
    void write(int processor, long offset, int size, long value) {
        GicdRegister register = GicdRegister.at(offset);
        switch (register) {
            case null -> {
                // reserved: WI
            }
            case TYPER, IIDR, IDENTIFICATION -> {
                // read-only
            }
            case CTLR -> control((int) value);
            case SGIR -> generate(processor, value);
            default -> writeFields(register, processor, offset, size, value);
        }
    }

    private void writeFields(GicdRegister register, int processor, long offset, int size, long value) {
        int bits = register.bitsPerInterrupt;
        int first = register.firstIntid(offset);
        for (int i = 0; i < size * 8 / bits; i++) {
            if (states.exists(first + i)) {
                writeField(register, processor, first + i, (int) (value >>> (i * bits)) & (1 << bits) - 1);
            }
        }
    }

    private void writeField(GicdRegister register, int processor, int intid, int value) {
        boolean one = value != 0;
        boolean sgi = intid < FIRST_PPI;
        switch (register) {
            case IGROUPR -> states.set(GROUP1, processor, intid, one);
            case ISENABLER -> setIf(one && !sgi, ENABLED, processor, intid, true);
            case ICENABLER -> setIf(one && !sgi, ENABLED, processor, intid, false);
            case ISPENDR -> setIf(one && !sgi, LATCHED, processor, intid, true);
            case ICPENDR -> setIf(one && !sgi, LATCHED, processor, intid, false);
            case ISACTIVER -> setIf(one, ACTIVE, processor, intid, true);
            case ICACTIVER -> setIf(one, ACTIVE, processor, intid, false);
            case IPRIORITYR -> states.priority(processor, intid, value);
            case ITARGETSR -> {
                if (states.processors > 1 && intid >= FIRST_SPI) {
                    states.targets(intid, value);
                }
            }
            case ICFGR -> setIf(!sgi, EDGE, processor, intid, (value & 2) != 0);
            case CPENDSGIR -> states.sources(processor, intid, states.sources(processor, intid) & ~value);
            case SPENDSGIR -> states.sources(processor, intid, states.sources(processor, intid) | value);
            default -> throw new IllegalStateException(register + " is no array by interrupt");
        }
    }

    private void setIf(boolean condition, int flag, int processor, int intid, boolean value) {
        if (condition) {
            states.set(flag, processor, intid, value);
        }
    }

    /** GICD_SGIR (IHI 0048B); a reserved filter generates nothing. */
    private void generate(int source, long value) {
        int targets =
                switch (TARGET_LIST_FILTER.getInt(value)) {
                    case 0 -> CPU_TARGET_LIST.getInt(value);
                    case 1 -> ~(1 << source);
                    case 2 -> 1 << source;
                    default -> 0;
                };
        generate(source, targets, SGI_INTID.getInt(value));
    }

    /** Makes an SGI pending at each target processor that exists. */
    void generate(int source, int targets, int sgi) {
        for (int target = 0; target < states.processors; target++) {
            if ((targets >> target & 1) != 0) {
                states.sources(target, sgi, states.sources(target, sgi) | 1 << source);
            }
        }
    }
}
