package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.Guest.Tables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Memory attributes that a translation reports (IHI 0070 chapter 13, DDI 0487 section D8.6), written as inner, outer and
 * shareability: {@code WB-WT-ISH}, or as the Device type, which is always OSH.
 */
class MemoryAttributesTest {
    private static final int SID = 8;
    private static final long VA = 0x1234_5000L;
    private static final long OUT = 0x5000_0000L;
    /** AF and permissions of a stage 1 page, without AttrIndx and SH. */
    private static final long S1 = 0x443L | 0x800;
    /** AF, read and write of a stage 2 page. */
    private static final long S2 = 0x4C3L;

    private Guest guest = new Guest(Guest.FULL);

    private static String text(Translation translation) {
        MemoryAttributes attributes = ((Translation.Mapped) translation).attributes();
        String shareability = switch (attributes.shareability()) {
            case NON -> "NSH";
            case INNER -> "ISH";
            case OUTER -> "OSH";
        };
        return switch (attributes.type()) {
            case NORMAL -> cache(attributes.inner()) + "-" + cache(attributes.outer()) + "-" + shareability;
            case INCOMING -> "incoming-" + shareability;
            default -> attributes.type().name().substring(7) + (shareability.equals("OSH") ? "" : shareability);
        };
    }

    private static String cache(MemoryAttributes.Cacheability cacheability) {
        return switch (cacheability) {
            case NON_CACHEABLE -> "NC";
            case WRITE_THROUGH -> "WT";
            case WRITE_BACK -> "WB";
        };
    }

    private static int number(String text) {
        return text.startsWith("0b") ? Integer.parseInt(text.substring(2), 2) : Integer.decode(text);
    }

    private String stage1(int mair, int sh, Object... steFields) {
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | S1 | 5 << 2 | (long) sh << 8);
        guest.cdAt(CD, Guest.with(Guest.cd(tables, 1), Cd.MAIR, (long) mair << 40 | 0x0404_0404L));
        guest.ste(SID, Guest.with(Guest.stage1Ste(CD), steFields));
        return text(guest.read(SID, VA));
    }

    private String stage2(int memAttr, int sh, Object... steFields) {
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | S2 | (long) memAttr << 2 | (long) sh << 8);
        guest.ste(SID, Guest.with(Guest.stage2Ste(tables, 3), steFields));
        return text(guest.read(SID, VA));
    }

    private String nested(int mair, int s1Sh, int memAttr, int s2Sh, int fwb) {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.map(first, VA, 3, 0x7000_0000L | S1 | (long) s1Sh << 8);
        guest.cdAt(CD, Guest.with(Guest.cd(first, 1), Cd.MAIR, mair));
        guest.identity(second, CD, 0x1000);
        guest.identity(second, first.root(), 0x10_0000);
        guest.map(second, 0x7000_0000L, 3, OUT | S2 | (long) memAttr << 2 | (long) s2Sh << 8);
        // FWB gives the tables' own pages 0b1111 another meaning, and not one that this test looks at.
        guest.ste(SID, Guest.with(Guest.nestedSte(CD, second, 3), Ste.S2FWB, fwb));
        return text(guest.read(SID, VA));
    }

    @ParameterizedTest(name = "Attr {0}, SH {1}: {2}")
    @CsvSource({
        // DDI 0487 MAIR_ELx: Device types, whatever SH says (IHI 0070 13.1.7).
        "0x00, 0, NGNRNE", "0x04, 0, NGNRE", "0x08, 3, NGRE", "0x0C, 2, GRE",
        // Normal; SH 0b01 is reserved and taken for Non-shareable.
        "0xFF, 0, WB-WB-NSH", "0xFF, 1, WB-WB-NSH", "0xFF, 2, WB-WB-OSH", "0xFF, 3, WB-WB-ISH",
        "0xBB, 3, WT-WT-ISH", "0x88, 3, WT-WT-ISH", "0xCC, 0, WB-WB-NSH", "0xFB, 3, WT-WB-ISH", "0xBF, 3, WB-WT-ISH",
        // Transient: the hint is no part of the result.
        "0x11, 3, WT-WT-ISH", "0x33, 3, WT-WT-ISH", "0x55, 3, WB-WB-ISH", "0x77, 0, WB-WB-NSH",
        // One side not cached keeps SH; both sides not cached are OSH (13.1.7).
        "0x4F, 3, WB-NC-ISH", "0xF4, 0, NC-WB-NSH", "0x44, 0, NC-NC-OSH", "0x44, 3, NC-NC-OSH",
    })
    void mairDecides(String mair, int sh, String expected) {
        assertThat(stage1(number(mair), sh)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "MTCFG {0}, MemAttr {1}, SHCFG {2}: {3}")
    @CsvSource({
        // 5.2 MTCFG, SHCFG: incoming, with the shareability replaced.
        "0, 0b1010, 1, incoming-NSH", "0, 0b1010, 0, incoming-NSH", "0, 0, 2, incoming-OSH", "0, 0, 3, incoming-ISH",
        // 5.2 MemAttr: the encoding of stage 2 descriptors.
        "1, 0b0000, 3, NGNRNE", "1, 0b0001, 0, NGNRE", "1, 0b0010, 0, NGRE", "1, 0b0011, 3, GRE",
        "1, 0b1111, 3, WB-WB-ISH", "1, 0b1111, 1, WB-WB-NSH", "1, 0b1010, 2, WT-WT-OSH", "1, 0b0111, 3, WB-NC-ISH",
        "1, 0b1101, 0, NC-WB-NSH", "1, 0b0110, 3, WT-NC-ISH", "1, 0b0101, 3, NC-NC-OSH", "1, 0b0101, 0, NC-NC-OSH",
        // Reserved ones behave as Device-nGnRnE.
        "1, 0b0100, 3, NGNRNE", "1, 0b1000, 3, NGNRNE", "1, 0b1100, 0, NGNRNE",
    })
    void steOverridesWhatABypassLetsThrough(int mtcfg, String memAttr, int shcfg, String expected) {
        guest.ste(SID, Guest.words(
                Ste.V, 1, Ste.CONFIG, 4, Ste.MTCFG, mtcfg, Ste.MEMATTR, number(memAttr), Ste.SHCFG, shcfg));
        assertThat(text(guest.read(SID, VA))).isEqualTo(expected);

        int gbpa = number(memAttr) | mtcfg << 4 | shcfg << 12;
        guest.smmu.configure(new SmmuConfiguration(false, gbpa, 0, 0, 0, false, false));
        assertThat(text(guest.read(SID, VA))).as("GBPA, 13.2").isEqualTo(expected);
    }

    @Test
    void withoutAttrTypesOvrTheOverridesAreRes0() {
        // 5.2 MTCFG, SHCFG; 6.3.14
        guest = new Guest(Guest.VIRT);
        guest.ste(SID, Guest.words(Ste.V, 1, Ste.CONFIG, 4, Ste.MTCFG, 1, Ste.MEMATTR, 3, Ste.SHCFG, 2));
        assertThat(text(guest.read(SID, VA))).isEqualTo("incoming-NSH");
        guest.smmu.configure(new SmmuConfiguration(false, 0x2013, 0, 0, 0, false, false));
        assertThat(text(guest.read(SID, VA))).isEqualTo("incoming-NSH");
    }

    @Test
    void stage1ReplacesOverrides() {
        // 13.4.2
        assertThat(stage1(0xFF, 3, Ste.MTCFG, 1, Ste.MEMATTR, 0, Ste.SHCFG, 2)).isEqualTo("WB-WB-ISH");
    }

    @ParameterizedTest(name = "input {0} {1}, MemAttr {2} SH {3}: {4}")
    @CsvSource({
        // 13.1.5, figure 13.1: the stronger of both, input incoming is Normal iWB-oWB NSH (13.1.3).
        "-, 1, 0b1111, 3, WB-WB-ISH", "-, 1, 0b1111, 0, WB-WB-NSH", "-, 2, 0b1111, 3, WB-WB-OSH",
        "-, 3, 0b1010, 0, WT-WT-ISH", "-, 1, 0b0101, 0, NC-NC-OSH", "-, 1, 0b0111, 3, WB-NC-ISH",
        "-, 1, 0b0001, 3, NGNRE",
        // An override is what goes into stage 2 when stage 1 does not translate (13.4).
        "0b1010, 1, 0b1111, 3, WT-WT-ISH", "0b0111, 2, 0b1110, 3, WT-NC-OSH", "0b0010, 3, 0b1111, 0, NGRE",
        "0b0010, 0, 0b0011, 0, NGRE", "0b0010, 0, 0b0000, 0, NGNRNE", "0b0101, 0, 0b1111, 0, NC-NC-OSH",
    })
    void stage2CombinesWithTheInput(String input, int shcfg, String memAttr, int sh, String expected) {
        boolean overridden = !input.equals("-");
        assertThat(stage2(number(memAttr), sh, Ste.MTCFG, overridden ? 1 : 0, Ste.MEMATTR,
                overridden ? number(input) : 0, Ste.SHCFG, shcfg)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "stage 1 {0} SH {1}, stage 2 {2} SH {3}: {4}")
    @CsvSource({
        // 13.1.5.1 and figure 13.1.
        "0x4F, 3, 0b0001, 0, NGNRE", "0x04, 0, 0b0000, 0, NGNRNE", "0x4F, 3, 0b1010, 2, WT-NC-OSH",
        "0xFF, 0, 0b1111, 0, WB-WB-NSH", "0xFF, 3, 0b1111, 0, WB-WB-ISH", "0xFF, 0, 0b1111, 3, WB-WB-ISH",
        "0xFF, 3, 0b1111, 2, WB-WB-OSH", "0xBB, 0, 0b1111, 3, WT-WT-ISH", "0xFF, 0, 0b1010, 3, WT-WT-ISH",
        "0x44, 3, 0b1111, 3, NC-NC-OSH", "0xFF, 3, 0b0101, 3, NC-NC-OSH", "0x0C, 0, 0b0011, 0, GRE",
        "0x0C, 0, 0b0010, 0, NGRE", "0x08, 0, 0b0011, 0, NGRE", "0x00, 0, 0b1111, 3, NGNRNE",
    })
    void stage2CombinesWithStage1(String mair, int s1Sh, String memAttr, int s2Sh, String expected) {
        assertThat(nested(number(mair), s1Sh, number(memAttr), s2Sh, 0)).isEqualTo(expected);
    }

    @ParameterizedTest(name = "stage 1 {0} SH {1}, stage 2 {2} SH {3}: {4}")
    @CsvSource({
        // 13.1.6, DDI 0487 D8.6.6: MemAttr[2] = 0 is a Device type, combined with one of stage 1.
        "0xFF, 3, 0b0000, 0, NGNRNE", "0xFF, 3, 0b0001, 0, NGNRE", "0xFF, 3, 0b0010, 0, NGRE", "0xFF, 3, 0b0011, 0, GRE",
        "0x04, 0, 0b0011, 0, NGNRE", "0x0C, 0, 0b0001, 0, NGNRE",
        // 0b0101: Normal becomes Non-cacheable, Device stays.
        "0xFF, 3, 0b0101, 3, NC-NC-OSH", "0xBB, 0, 0b0101, 0, NC-NC-OSH", "0x08, 0, 0b0101, 3, NGRE",
        // 0b0110: write-back, whatever stage 1 says.
        "0xFF, 0, 0b0110, 3, WB-WB-ISH", "0x44, 0, 0b0110, 3, WB-WB-OSH", "0x00, 0, 0b0110, 0, WB-WB-OSH",
        "0xBB, 3, 0b0110, 0, WB-WB-ISH",
        // 0b0111: as stage 1 says.
        "0xFF, 0, 0b0111, 3, WB-WB-ISH", "0xB4, 3, 0b0111, 0, NC-WT-ISH", "0x44, 0, 0b0111, 0, NC-NC-OSH",
        "0x0C, 0, 0b0111, 3, GRE",
    })
    void forcedWriteBackChangesTheMeaningOfStage2(String mair, int s1Sh, String memAttr, int s2Sh, String expected) {
        assertThat(nested(number(mair), s1Sh, number(memAttr), s2Sh, 1)).isEqualTo(expected);
    }

    @Test
    void withoutFwbTheBitIsRes0() {
        // 5.2 S2FWB: RES0 when IDR3.FWB is 0, so 0b0110 is inner Normal write-through, outer Non-cacheable.
        guest = new Guest(Guest.VIRT);
        assertThat(nested(0xFF, 3, 0b0110, 3, 1)).isEqualTo("WT-NC-ISH");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void attributesOfTheSmmusOwnAccessesDoNotShow(int value) {
        // 5.4 IR0, OR0, SH0, 5.2 S1CIR, S1COR, S1CSH: how tables and CDs are fetched; all memory here is coherent.
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | S1 | 3 << 8);
        guest.cdAt(CD, Guest.with(
                Guest.cd(tables, 1), Cd.IR0, value, Cd.OR0, 3 - value, Cd.SH0, value, Cd.IR1, value, Cd.OR1, value,
                Cd.SH1, value));
        guest.ste(SID, Guest.with(Guest.stage1Ste(CD), Ste.S1CIR, value, Ste.S1COR, value, Ste.S1CSH, value));
        assertThat(text(guest.read(SID, VA))).isEqualTo("WB-WB-ISH");
        assertThat(stage2(0b1111, 3, Ste.S2IR0, value, Ste.S2OR0, value, Ste.S2SH0, value)).isEqualTo("WB-WB-ISH");
    }

    @ParameterizedTest
    @ValueSource(ints = {0b0000, 0b1000, 0b1001, 0b1110, 0b1111})
    void allocationHintsAreNoPartOfTheResult(int alloccfg) {
        // 13.1.2: fields of attributes that the memory system does not use are ignored; so does NSCFG (5.2) here.
        assertThat(stage2(0b1111, 3, Ste.ALLOCCFG, alloccfg, Ste.NSCFG, alloccfg & 3)).isEqualTo("WB-WB-ISH");
        assertThat(stage1(0xFF, 3, Ste.ALLOCCFG, alloccfg, Ste.NSCFG, alloccfg & 3)).isEqualTo("WB-WB-ISH");
    }

    @Test
    void theContiguousHintMayBeIgnored() {
        // DDI 0487 D8.7.1: it allows larger TLB entries, it does not change what is mapped.
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | S1 | 1L << 52);
        guest.map(tables, VA + 0x1000, 3, OUT + 0x9000 | S1 | 1L << 52);
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(CD));
        assertThat(guest.output(SID, VA)).isEqualTo(OUT);
        assertThat(guest.output(SID, VA + 0x1000)).isEqualTo(OUT + 0x9000);
    }
}
