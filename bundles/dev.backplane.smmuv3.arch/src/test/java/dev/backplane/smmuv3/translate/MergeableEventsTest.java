package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IHI 0070 sections 5.2 (STE.MEV) and 7.3.1: which events may be merged. */
class MergeableEventsTest {
    private static final int SID = 8;
    private static final int UNBACKED = 0xFFF0;

    @ParameterizedTest(name = "{0} with MEV {1}")
    @CsvSource({
        "F_TRANSLATION, 0, false", "F_TRANSLATION, 1, true", "C_BAD_CD, 0, false", "C_BAD_CD, 1, true",
        "F_CD_FETCH, 1, true", "C_BAD_SUBSTREAMID, 0, false", "C_BAD_SUBSTREAMID, 1, true",
        // Before a valid STE is known the SMMU may merge or not; here it does not.
        "C_BAD_STREAMID, 1, false", "F_STE_FETCH, 1, false", "C_BAD_STE, 1, false",
    })
    void mevOfAValidSteDecides(EventType type, int mev, boolean mergeable) {
        var guest = new Guest(Guest.FULL);
        guest.enable(type == EventType.C_BAD_STREAMID ? 10 : 16, true);
        guest.cdAt(CD, Guest.with(Guest.cd(guest.tables(12, 39, 1), 1), Cd.V, type == EventType.C_BAD_CD ? 0 : 1));
        guest.ste(SID, Guest.with(
                Guest.stage1Ste(type == EventType.F_CD_FETCH ? 0x7777_0000L : CD), Ste.MEV, mev, Ste.V,
                type == EventType.C_BAD_STE ? 0 : 1));
        int stream = type == EventType.C_BAD_STREAMID || type == EventType.F_STE_FETCH ? UNBACKED : SID;
        int substream = type == EventType.C_BAD_SUBSTREAMID ? 5 : TransactionAttributes.NO_SUBSTREAM;
        for (String pass : new String[] {"first", "configuration cached"}) {
            guest.lastMergeable = !mergeable;
            guest.go(new TransactionAttributes(stream, substream, false, false), 0x1234, AccessKind.READ);
            assertThat(guest.event().type()).as(pass).isEqualTo(type);
            assertThat(guest.lastMergeable).as(pass).isEqualTo(mergeable);
        }
    }
}
