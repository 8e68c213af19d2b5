package dev.backplane.gicv3.gic;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;
import static dev.backplane.register.RegisterSpec.Policy.READ_ONLY;
import static dev.backplane.register.RegisterSpec.Policy.READ_WRITE;
import static dev.backplane.register.RegisterSpec.Policy.WRITE_ONLY;
import static dev.backplane.register.RegisterSpec.word;

import dev.backplane.gicv3.table.IdentificationRegisters;
import dev.backplane.register.BitField;
import dev.backplane.register.RegisterSpec;
import java.util.List;

/** The single registers of a distributor (IHI 0069, chapter 12), with one security state (GICD_CTLR.DS is 1). */
final class DistributorRegisters {
    static final BitField ENABLE_GRP0 = bit("EnableGrp0", 0);
    static final BitField ENABLE_GRP1 = bit("EnableGrp1", 1);
    static final BitField ARE = bit("ARE", 4);
    static final BitField DS = bit("DS", 6);
    private static final BitField RWP = bit("RWP", 31);
    private static final BitField IT_LINES_NUMBER = bits("ITLinesNumber", 4, 0);
    private static final BitField MBIS = bit("MBIS", 16);
    private static final BitField LPIS = bit("LPIS", 17);
    private static final BitField ID_BITS = bits("IDbits", 23, 19);
    private static final BitField A3V = bit("A3V", 24);
    private static final BitField NO_1N = bit("No1N", 25);
    private static final BitField SPI_INTID = bits("INTID", 12, 0);

    /** ARE and DS are RAO/WI: affinity routing always on, one security state. */
    static final long CTLR_FIXED = ARE.mask() | DS.mask();

    private DistributorRegisters() {}

    static List<RegisterSpec> table(GicConfig config) {
        long typer = IT_LINES_NUMBER.with(0, config.interrupts() / 32 - 1)
                | MBIS.mask()
                | (config.lpis() ? LPIS.mask() : 0)
                | ID_BITS.with(0, config.intidBits() - 1)
                | A3V.mask();
        return List.of(
                word("GICD_CTLR", 0x000, READ_WRITE, CTLR_FIXED, ENABLE_GRP0, ENABLE_GRP1, ARE, DS, RWP),
                word("GICD_TYPER", 0x004, READ_ONLY, typer, IT_LINES_NUMBER, MBIS, LPIS, ID_BITS, A3V, NO_1N),
                word("GICD_IIDR", 0x008, READ_ONLY, IdentificationRegisters.IIDR),
                word("GICD_TYPER2", 0x00C, READ_ONLY, 0),
                word("GICD_SETSPI_NSR", 0x040, WRITE_ONLY, 0, SPI_INTID),
                word("GICD_CLRSPI_NSR", 0x048, WRITE_ONLY, 0, SPI_INTID));
    }
}
