package dev.backplane.smmuv3.translate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.EventType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Records word by word (IHI 0070 section 7.3). */
class SmmuEventTest {

    @ParameterizedTest(name = "{0} SSID {1} ({9})")
    @CsvSource({
        // type, SSID, S2, class, read, inst, priv, stalled, words..., section
        "C_BAD_STREAMID, -1, false, CD, false, false, false, false, 0000004200000002 0 0 0, 7.3.3",
        "C_BAD_STE, 5, false, CD, false, false, false, false, 0000004200005804 0 0 0, 7.3.5",
        "C_BAD_SUBSTREAMID, 5, false, CD, false, false, false, false, 0000004200005008 0 0 0, 7.3.9",
        "F_CD_FETCH, -1, false, CD, false, false, false, false, 0000004200000009 0 0 00fedcba98765438, 7.3.10",
        "F_WALK_EABT, -1, true, TT, true, true, true, false, "
                + "000000420000000b 0000018e00000000 8877665544332211 00fedcba98765438, 7.3.12",
        "F_TRANSLATION, -1, false, IN, true, false, false, false, "
                + "0000004200000010 0000020800000000 8877665544332211 0, 7.3.13",
        "F_TRANSLATION, 1048575, true, IN, false, false, true, true, "
                + "00000042fffff810 000002828000beef 8877665544332211 000abcdef1234000, 7.3.13",
        // TTRnW: stage 2 refused a read of a stage 1 table.
        "F_PERMISSION, -1, true, TT, false, false, false, false, "
                + "0000004200000013 0000118000000000 8877665544332211 000abcdef1234000, 7.3.16",
        "F_PERMISSION, -1, true, CD, true, true, false, false, "
                + "0000004200000013 0000008c00000000 8877665544332211 000abcdef1234000, 7.3.16",
    })
    void encodesBitByBit(
            EventType type,
            int substreamId,
            boolean stage2,
            FaultClass faultClass,
            boolean read,
            boolean instruction,
            boolean privileged,
            boolean stalled,
            String words,
            String section) {
        boolean access = type.isTranslationFault() || type == EventType.F_WALK_EABT;
        boolean fetch = type == EventType.F_CD_FETCH || type == EventType.F_WALK_EABT;
        var event = new SmmuEvent(
                type,
                0x42,
                substreamId < 0 ? TransactionAttributes.NO_SUBSTREAM : substreamId,
                stage2,
                faultClass,
                read,
                instruction,
                privileged,
                access ? 0x8877_6655_4433_2211L : 0,
                stage2 && type.isTranslationFault() ? 0x000A_BCDE_F123_4000L : 0,
                fetch ? 0x00FE_DCBA_9876_5438L : 0,
                stalled,
                stalled ? 0xBEEF : 0,
                0);
        String[] expected = words.split(" ");
        long[] encoded = event.encode();
        for (int i = 0; i < 4; i++) {
            assertThat(encoded[i]).as("word %d of %s", i, section)
                    .isEqualTo(Long.parseUnsignedLong(expected[i], 16));
        }
        assertThat(SmmuEvent.decode(encoded)).isEqualTo(event);
    }

    @ParameterizedTest
    @CsvSource({"0x00", "0x0C", "0x14", "0xE0", "0xFF"})
    void unknownEventIdsDecodeToNothing(String id) {
        assertThat(SmmuEvent.decode(new long[] {Long.decode(id), 0, 0, 0})).isNull();
    }
}
