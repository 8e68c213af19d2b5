package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What in an STE or CD is ILLEGAL, what is ignored (IHI 0070 sections 5.2.2 and 5.4.2), and how faults end (5.5). */
class ConfigurationRulesTest {
    private static final int SID = 8;
    private static final long VA = 0x1234_5000L;
    private static final long IPA = 0x7000_0000L;
    private static final long OUT = 0x5000_0000L;

    /** STE fields that a nested stream of an SMMU without SubstreamIDs, overrides and FWB depends on, MEV apart. */
    private static final Set<String> STE_FIELDS = Set.of(
            "V", "Config", "S1ContextPtr", "S1STALLD", "S2VMID", "S2T0SZ", "S2SL0", "S2TG", "S2PS", "S2AA64", "S2ENDI",
            "S2AFFD", "S2PTW", "S2HD", "S2HA", "S2S", "S2R", "S2TTB");

    private static final Set<String> CD_FIELDS = Set.of(
            "T0SZ", "TG0", "EPD0", "ENDI", "T1SZ", "TG1", "EPD1", "V", "IPS", "AFFD", "WXN", "TBI0", "TBI1", "PAN",
            "AA64", "HD", "HA", "S", "R", "A", "ASID", "HAD0", "TTB0", "HAD1", "TTB1", "MAIR");

    private final Guest guest = new Guest(Guest.VIRT);
    private final long[] nested;
    private final long[] cd;

    ConfigurationRulesTest() {
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.map(first, VA, 3, IPA | Guest.PAGE);
        guest.identity(second, CD, 0x1000);
        guest.identity(second, first.root(), 0x10_0000);
        guest.map(second, IPA, 3, OUT | Guest.S2_PAGE);
        cd = Guest.cd(first, 1);
        nested = Guest.nestedSte(CD, second, 3);
        guest.cdAt(CD, cd);
        guest.ste(SID, nested);
    }

    /** The outcome of a read: output address, or type of the event, or the silent end. */
    private String read() {
        Translation answer = guest.read(SID, VA);
        if (answer instanceof Translation.Mapped mapped) {
            return "%x %s %s %s".formatted(
                    mapped.apply(VA), mapped.readable(), mapped.writable(), mapped.attributes());
        }
        return guest.events.isEmpty() ? answer.toString() : guest.event().type() + " " + answer;
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({
        // 5.2.2, in the order of SteIllegal(): only what this SMMU can be asked for.
        "V, 0", "S1STALLD, 1", "S2S, 1", "S2AA64, 0", "S2HA, 1", "S2HD, 1", "S2TG, 3", "S2ENDI, 1",
        "S2T0SZ, 19", "S2T0SZ, 40", "S2SL0, 3",
    })
    void badStes(String field, int value) {
        guest.ste(SID, Guest.with(nested, steField(field), value));
        assertThat(read()).isEqualTo("C_BAD_STE ABORT");
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({
        // 5.4.2, in the order of CdIllegal().
        "V, 0", "A, 0", "S, 1", "ENDI, 1", "AA64, 0", "HA, 1", "HD, 1", "T0SZ, 15", "T0SZ, 40", "TG0, 3",
    })
    void badCds(String field, int value) {
        guest.cdAt(CD, Guest.with(cd, cdField(field), value));
        assertThat(read()).isEqualTo("C_BAD_CD ABORT");
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({"TG1, 0", "T1SZ, 0", "T1SZ, 63", "TTB1, 0xFFFFFFFFFFF"})
    void whatADisabledHalfSaysIsNotChecked(String field, String value) {
        // 5.4.1.1
        guest.cdAt(CD, Guest.with(cd, cdField(field), Long.decode(value)));
        assertThat(read()).startsWith("50000000 ");
    }

    @Test
    void withBothHalvesDisabledEndiIsIgnored() {
        // 5.4.2: CD.ENDI is checked when a half translates.
        guest.cdAt(CD, Guest.with(cd, Cd.ENDI, 1, Cd.EPD0, 1));
        assertThat(read()).isEqualTo("F_TRANSLATION ABORT");
    }

    /**
     * Every other bit is ignored: EATS, STRW, DCP, PPAR, DRE, CONT, S1CDMax and the attribute fields; what belongs to
     * Secure and Realm streams, EL2, MPAM, DPT, LPA2, permission indirection, in all eight words.
     */
    @Test
    void bitsOfTheSteThatAreNotAdvertisedChangeNothing() {
        String expected = read();
        for (int bit = 0; bit < 512; bit++) {
            if (!isIn(Ste.FIELDS, STE_FIELDS, bit)) {
                long[] changed = nested.clone();
                changed[bit / 64] ^= 1L << bit % 64;
                guest.ste(SID, changed);
                assertThat(read()).as("STE bit %d", bit).isEqualTo(expected);
            }
        }
    }

    @Test
    void bitsOfTheCdThatAreNotAdvertisedChangeNothing() {
        String expected = read();
        for (int bit = 0; bit < 512; bit++) {
            if (!isIn(Cd.FIELDS, CD_FIELDS, bit)) {
                long[] changed = cd.clone();
                changed[bit / 64] ^= 1L << bit % 64;
                guest.cdAt(CD, changed);
                assertThat(read()).as("CD bit %d", bit).isEqualTo(expected);
            }
        }
    }

    private static boolean isIn(List<WordField> all, Set<String> names, int bit) {
        return all.stream().anyMatch(field -> field.word() == bit / 64
                && (field.bits().mask() >>> bit % 64 & 1) != 0
                && names.contains(field.name()));
    }

    private static WordField steField(String name) {
        return Ste.FIELDS.stream().filter(field -> field.name().equals(name)).findFirst().orElseThrow();
    }

    private static WordField cdField(String name) {
        return Cd.FIELDS.stream().filter(field -> field.name().equals(name)).findFirst().orElseThrow();
    }

    @ParameterizedTest(name = "R {0}, A {1}: {2}, {3} records")
    @CsvSource({
        // 5.5 and 3.12.1: A chooses between abort and RAZ/WI, R whether there is a record.
        "0, 0, RAZ_WI, 0", "0, 1, ABORT, 0", "1, 0, RAZ_WI, 1", "1, 1, ABORT, 1",
    })
    void stage1FaultsEndAsTheCdSays(int r, int a, Translation.Terminated end, int records) {
        var full = new Guest(Guest.FULL);
        Tables tables = full.tables(12, 39, 1);
        full.map(tables, VA, 3, OUT | Guest.PAGE & ~0x400L);
        full.map(tables, VA + 0x1000, 3, OUT | Guest.PAGE | 0x80);
        full.cdAt(CD, Guest.with(Guest.cd(tables, 1), Cd.R, r, Cd.A, a, Cd.IPS, 0));
        full.ste(SID, Guest.stage1Ste(CD));
        List<EventType> seen = new ArrayList<>();
        assertThat(full.read(SID, 0x7777_0000L)).as("Translation fault").isEqualTo(end);
        full.events.forEach(event -> seen.add(event.type()));
        assertThat(full.read(SID, VA)).as("Access flag fault").isEqualTo(end);
        full.events.forEach(event -> seen.add(event.type()));
        assertThat(full.write(SID, VA + 0x1000)).as("Permission fault").isEqualTo(end);
        full.events.forEach(event -> seen.add(event.type()));
        assertThat(seen).hasSize(3 * records);

        // Neither counts for errors of configuration and external aborts (5.5, 7.3.12).
        full.map(tables, VA, 1, 0x6000_0003L);
        full.smmu.invalidation().tlb();
        assertThat(full.read(SID, VA)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(full.event().type()).isEqualTo(EventType.F_WALK_EABT);
        full.go(new TransactionAttributes(SID, 3, false, false), VA, AccessKind.READ);
        assertThat(full.event().type()).isEqualTo(EventType.C_BAD_SUBSTREAMID);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void stage2FaultsAbortAndS2rDecidesOnTheRecord(int s2r) {
        // 5.5: stage 2 behaves as if A were 1; the CD's A and R do not count.
        guest.ste(SID, Guest.with(nested, Ste.S2R, s2r));
        guest.cdAt(CD, Guest.with(cd, Cd.R, 1 - s2r));
        guest.ste(SID + 1, Guest.with(nested, Ste.S2R, s2r, Ste.CONFIG, 6));
        assertThat(guest.read(SID + 1, 0x3_0000_0000L)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(guest.events).hasSize(s2r);
    }

    @Test
    void withTermModelACdThatAsksForRazWiIsIllegal() {
        // 5.4.2; where TERM_MODEL is 0, stage1FaultsEndAsTheCdSays shows RAZ/WI.
        guest.cdAt(CD, Guest.with(cd, Cd.A, 0));
        assertThat(read()).isEqualTo("C_BAD_CD ABORT");
    }
}
