package dev.backplane.smmuv3.control;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;
import static dev.backplane.register.RegisterSpec.Policy.READ_ONLY;
import static dev.backplane.register.RegisterSpec.Policy.READ_WRITE;
import static dev.backplane.register.RegisterSpec.doubleWord;
import static dev.backplane.register.RegisterSpec.word;

import dev.backplane.register.BitField;
import dev.backplane.register.RegisterSpec;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import java.util.ArrayList;
import java.util.List;

/**
 * The registers of the non-secure programming interface (IHI 0070 sections 6.2 and 6.3), as the ID registers make them:
 * fields of features that are not advertised are RES0, registers of such features are not there at all.
 */
final class RegisterTable {
    static final BitField SMMUEN = bit("SMMUEN", 0);
    static final BitField EVENTQEN = bit("EVENTQEN", 2);
    static final BitField CMDQEN = bit("CMDQEN", 3);

    static final BitField ATSCHK = bit("ATSCHK", 4);

    static final BitField GERROR_IRQEN = bit("GERROR_IRQEN", 0);
    static final BitField EVENTQ_IRQEN = bit("EVENTQ_IRQEN", 2);

    static final BitField CMDQ_ERR = bit("CMDQ_ERR", 0);
    static final BitField EVENTQ_ABT_ERR = bit("EVENTQ_ABT_ERR", 2);
    static final BitField SFM_ERR = bit("SFM_ERR", 8);

    /** CR1.QUEUE_IC, QUEUE_OC and QUEUE_SH together. */
    static final BitField QUEUE_ATTRIBUTES = bits("QUEUE", 5, 0);

    /** CR1.TABLE_IC, TABLE_OC and TABLE_SH together. */
    static final BitField TABLE_ATTRIBUTES = bits("TABLE", 11, 6);

    static final BitField RECINVSID = bit("RECINVSID", 1);

    static final BitField ABORT = bit("ABORT", 20);
    static final BitField UPDATE = bit("UPDATE", 31);

    static final BitField ERR = bits("ERR", 30, 24);
    static final BitField OVFLG = bit("OVFLG", 31);
    static final BitField OVACKFLG = bit("OVACKFLG", 31);

    static final BitField STRTAB_ADDR = bits("ADDR", 55, 6);
    static final BitField STRTAB_LOG2SIZE = bits("LOG2SIZE", 5, 0);
    static final BitField STRTAB_SPLIT = bits("SPLIT", 10, 6);
    static final BitField STRTAB_FMT = bits("FMT", 17, 16);

    /** Incoming shareability is used: the reset value of GBPA.SHCFG. */
    private static final int GBPA_RESET = 0x1000;

    private static final String[] PERIPHERAL = {
        "PIDR4", "PIDR5", "PIDR6", "PIDR7", "PIDR0", "PIDR1", "PIDR2", "PIDR3", "CIDR0", "CIDR1", "CIDR2", "CIDR3"
    };

    private static final List<BitField> IDR0 = List.of(
            Idr0.S2P, Idr0.S1P, Idr0.TTF, Idr0.COHACC, Idr0.BTM, Idr0.HTTU, Idr0.DORMHINT, Idr0.HYP, Idr0.ATS,
            Idr0.NS1ATS, Idr0.ASID16, Idr0.MSI, Idr0.SEV, Idr0.ATOS, Idr0.PRI, Idr0.VMW, Idr0.VMID16, Idr0.CD2L,
            Idr0.VATOS, Idr0.TTENDIAN, Idr0.ATSRECERR, Idr0.STALL_MODEL, Idr0.TERM_MODEL, Idr0.ST_LEVEL);
    private static final List<BitField> IDR1 = List.of(
            Idr1.SIDSIZE, Idr1.SSIDSIZE, Idr1.PRIQS, Idr1.EVENTQS, Idr1.CMDQS, Idr1.ATTR_PERMS_OVR,
            Idr1.ATTR_TYPES_OVR, Idr1.REL, Idr1.QUEUES_PRESET, Idr1.TABLES_PRESET);
    private static final List<BitField> IDR3 = List.of(
            Idr3.HAD, Idr3.PBHA, Idr3.XNX, Idr3.PPS, Idr3.MPAM, Idr3.FWB, Idr3.STT, Idr3.RIL, Idr3.BBML, Idr3.E0PD);
    private static final List<BitField> IDR5 =
            List.of(Idr5.OAS, Idr5.GRAN4K, Idr5.GRAN16K, Idr5.GRAN64K, Idr5.VAX, Idr5.STALL_MAX);

    private RegisterTable() {}

    static List<RegisterSpec> of(SmmuIdentity id) {
        var table = new ArrayList<RegisterSpec>();
        identification(id, table);
        control(id, table);
        queues(id, table);
        return table;
    }

    private static void identification(SmmuIdentity id, List<RegisterSpec> table) {
        table.add(identity("IDR0", 0x000, id.idr0(), IDR0));
        table.add(identity("IDR1", 0x004, id.idr1(), IDR1));
        table.add(identity("IDR2", 0x008, 0, List.of(bits("BA_VATOS", 9, 0))));
        table.add(identity("IDR3", 0x00C, id.idr3(), IDR3));
        table.add(identity("IDR4", 0x010, 0, List.of()));
        table.add(identity("IDR5", 0x014, id.idr5(), IDR5));
        table.add(identity("IIDR", 0x018, id.iidr(), List.of(
                bits("Implementer", 11, 0),
                bits("Revision", 15, 12),
                bits("Variant", 19, 16),
                bits("ProductID", 31, 20))));
        table.add(identity("AIDR", 0x01C, id.aidr(), List.of(
                bits("ArchMinorRev", 3, 0), bits("ArchMajorRev", 7, 4))));
        for (int i = 0; i < PERIPHERAL.length; i++) {
            table.add(identity(PERIPHERAL[i], 0xFD0 + 4 * i, id.peripheral().get(i), List.of()));
        }
    }

    private static RegisterSpec identity(String name, int offset, int value, List<BitField> fields) {
        return new RegisterSpec(name, offset, 4, Integer.toUnsignedLong(value), READ_ONLY, fields);
    }

    private static void control(SmmuIdentity id, List<RegisterSpec> table) {
        BitField[] enables = id.ats()
                ? new BitField[] {SMMUEN, EVENTQEN, CMDQEN, ATSCHK}
                : new BitField[] {SMMUEN, EVENTQEN, CMDQEN};
        table.add(word("CR0", 0x020, READ_WRITE, 0, enables));
        table.add(word("CR0ACK", 0x024, READ_ONLY, 0, enables));
        table.add(word("CR1", 0x028, READ_WRITE, 0,
                bits("QUEUE_IC", 1, 0),
                bits("QUEUE_OC", 3, 2),
                bits("QUEUE_SH", 5, 4),
                bits("TABLE_IC", 7, 6),
                bits("TABLE_OC", 9, 8),
                bits("TABLE_SH", 11, 10)));
        var cr2 = new ArrayList<BitField>();
        if (id.hypervisor()) {
            cr2.add(bit("E2H", 0));
        }
        cr2.add(RECINVSID);
        // Software sets PTM whether or not broadcast maintenance exists, and reads it back: kept, without effect.
        cr2.add(bit("PTM", 2));
        table.add(new RegisterSpec("CR2", 0x02C, 4, 0, READ_WRITE, cr2));
        table.add(word("STATUSR", 0x040, READ_ONLY, 0, bit("DORMANT", 0)));
        table.add(word("GBPA", 0x044, READ_WRITE, GBPA_RESET,
                bits("MemAttr", 3, 0),
                bit("MTCFG", 4),
                bits("ALLOCCFG", 11, 8),
                bits("SHCFG", 13, 12),
                bits("PRIVCFG", 17, 16),
                bits("INSTCFG", 19, 18),
                ABORT,
                UPDATE));
        table.add(word("AGBPA", 0x048, READ_ONLY, 0));
        table.add(word("IRQ_CTRL", 0x050, READ_WRITE, 0, GERROR_IRQEN, EVENTQ_IRQEN));
        table.add(word("IRQ_CTRLACK", 0x054, READ_ONLY, 0, GERROR_IRQEN, EVENTQ_IRQEN));
        table.add(word("GERROR", 0x060, READ_ONLY, 0, CMDQ_ERR, EVENTQ_ABT_ERR, SFM_ERR));
        table.add(word("GERRORN", 0x064, READ_WRITE, 0, CMDQ_ERR, EVENTQ_ABT_ERR, SFM_ERR));
    }

    private static void queues(SmmuIdentity id, List<RegisterSpec> table) {
        table.add(doubleWord("STRTAB_BASE", 0x080, READ_WRITE, 0, STRTAB_ADDR, bit("RA", 62)));
        table.add(id.twoLevelStreamTable()
                ? word("STRTAB_BASE_CFG", 0x088, READ_WRITE, 0, STRTAB_LOG2SIZE, STRTAB_SPLIT, STRTAB_FMT)
                : word("STRTAB_BASE_CFG", 0x088, READ_WRITE, 0, STRTAB_LOG2SIZE));
        table.add(doubleWord(
                "CMDQ_BASE", 0x090, READ_WRITE, id.commandQueueSize(), QueueGeometry.LOG2SIZE, QueueGeometry.ADDR,
                bit("RA", 62)));
        table.add(word("CMDQ_PROD", 0x098, READ_WRITE, 0, bits("WR", id.commandQueueSize(), 0)));
        table.add(word("CMDQ_CONS", 0x09C, READ_WRITE, 0, bits("RD", id.commandQueueSize(), 0), ERR));
        table.add(doubleWord(
                "EVENTQ_BASE", 0x0A0, READ_WRITE, id.eventQueueSize(), QueueGeometry.LOG2SIZE, QueueGeometry.ADDR,
                bit("WA", 62)));
        table.add(word("EVENTQ_PROD", 0x100A8, READ_WRITE, 0, bits("WR", id.eventQueueSize(), 0), OVFLG));
        table.add(word("EVENTQ_CONS", 0x100AC, READ_WRITE, 0, bits("RD", id.eventQueueSize(), 0), OVACKFLG));
    }
}
