package dev.backplane.gicv3.gic;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;
import static dev.backplane.register.RegisterSpec.Policy.READ_ONLY;
import static dev.backplane.register.RegisterSpec.Policy.READ_WRITE;
import static dev.backplane.register.RegisterSpec.Policy.WRITE_ONLY;
import static dev.backplane.register.RegisterSpec.doubleWord;
import static dev.backplane.register.RegisterSpec.word;

import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.register.BitField;
import dev.backplane.register.RegisterSpec;
import java.util.ArrayList;
import java.util.List;

/** The registers of a redistributor's RD_base frame (IHI 0069, chapter 12). */
final class RedistributorRegisters {
    static final BitField ENABLE_LPIS = bit("EnableLPIs", 0);
    static final BitField CES = bit("CES", 1);
    static final BitField IR = bit("IR", 2);
    static final BitField RWP = bit("RWP", 3);
    static final BitField DPG0 = bit("DPG0", 24);
    static final BitField DPG1NS = bit("DPG1NS", 25);
    static final BitField UWP = bit("UWP", 31);
    static final BitField PROCESSOR_SLEEP = bit("ProcessorSleep", 1);
    static final BitField CHILDREN_ASLEEP = bit("ChildrenAsleep", 2);
    static final BitField PROPBASER_ID_BITS = bits("IDbits", 4, 0);
    static final BitField PROPBASER_ADDRESS = bits("Physical_Address", 51, 12);
    static final BitField PENDBASER_ADDRESS = bits("Physical_Address", 51, 16);
    static final BitField PTZ = bit("PTZ", 62);
    private static final BitField PLPIS = bit("PLPIS", 0);
    private static final BitField LAST = bit("Last", 4);
    private static final BitField DPGS = bit("DPGS", 5);
    private static final BitField PROCESSOR_NUMBER = bits("Processor_Number", 23, 8);
    private static final BitField COMMON_LPI_AFF = bits("CommonLPIAff", 25, 24);
    private static final BitField AFFINITY = bits("Affinity_Value", 63, 32);
    private static final BitField INNER_CACHE = bits("InnerCache", 9, 7);
    private static final BitField SHAREABILITY = bits("Shareability", 11, 10);
    private static final BitField OUTER_CACHE = bits("OuterCache", 58, 56);
    private static final BitField INTID = bits("INTID", 31, 0);
    private static final BitField BUSY = bit("Busy", 0);

    private RedistributorRegisters() {}

    /** {@return the read-only bits of GICR_CTLR: EnableLPIs can be cleared, INVLPIR and its like are there} */
    static long fixedControl(GicConfig config) {
        return config.lpis() ? CES.mask() | IR.mask() : 0;
    }

    static List<RegisterSpec> table(GicConfig config, int processor, boolean last) {
        long typer = (config.lpis() ? PLPIS.mask() : 0)
                | (last ? LAST.mask() : 0)
                | DPGS.mask()
                | PROCESSOR_NUMBER.with(0, processor)
                | COMMON_LPI_AFF.with(0, 1)
                | AFFINITY.with(0, config.affinity(processor));
        long asleep = PROCESSOR_SLEEP.mask() | CHILDREN_ASLEEP.mask();
        var table = new ArrayList<>(List.of(
                word("GICR_CTLR", 0x00, READ_WRITE, fixedControl(config), ENABLE_LPIS, CES, IR, RWP, DPG0, DPG1NS, UWP),
                word("GICR_IIDR", 0x04, READ_ONLY, IdentificationRegisters.IIDR),
                doubleWord(
                        "GICR_TYPER",
                        0x08,
                        READ_ONLY,
                        typer,
                        PLPIS,
                        LAST,
                        DPGS,
                        PROCESSOR_NUMBER,
                        COMMON_LPI_AFF,
                        AFFINITY),
                word("GICR_WAKER", 0x14, READ_WRITE, asleep, PROCESSOR_SLEEP, CHILDREN_ASLEEP),
                // LPIs come from an ITS alone (GICR_TYPER.DirectLPI is 0).
                doubleWord("GICR_SETLPIR", 0x40, READ_ONLY, 0),
                doubleWord("GICR_CLRLPIR", 0x48, READ_ONLY, 0)));
        if (config.lpis()) {
            table.add(doubleWord(
                    "GICR_PROPBASER",
                    0x70,
                    READ_WRITE,
                    0,
                    PROPBASER_ID_BITS,
                    INNER_CACHE,
                    SHAREABILITY,
                    PROPBASER_ADDRESS,
                    OUTER_CACHE));
            table.add(doubleWord(
                    "GICR_PENDBASER",
                    0x78,
                    READ_WRITE,
                    0,
                    INNER_CACHE,
                    SHAREABILITY,
                    PENDBASER_ADDRESS,
                    OUTER_CACHE,
                    PTZ));
            table.add(doubleWord("GICR_INVLPIR", 0xA0, WRITE_ONLY, 0, INTID));
            table.add(doubleWord("GICR_INVALLR", 0xB0, WRITE_ONLY, 0));
            table.add(word("GICR_SYNCR", 0xC0, READ_ONLY, 0, BUSY));
        } else {
            table.add(doubleWord("GICR_PROPBASER", 0x70, READ_ONLY, 0));
            table.add(doubleWord("GICR_PENDBASER", 0x78, READ_ONLY, 0));
            table.add(doubleWord("GICR_INVLPIR", 0xA0, READ_ONLY, 0));
            table.add(doubleWord("GICR_INVALLR", 0xB0, READ_ONLY, 0));
        }
        return table;
    }
}
