package dev.backplane.register;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BitFieldTest {

    @ParameterizedTest
    @CsvSource({"63, 0, -1", "0, 0, 1", "63, 63, -9223372036854775808", "31, 16, 4294901760"})
    void maskCoversTheFieldOnly(int msb, int lsb, long mask) {
        assertThat(BitField.bits("F", msb, lsb).mask()).isEqualTo(mask);
    }

    @Test
    void getAndWithAreInverse() {
        BitField field = BitField.bits("F", 51, 6);
        long word = field.with(-1L, 0x123);
        assertThat(field.get(word)).isEqualTo(0x123);
        assertThat(word & ~field.mask()).isEqualTo(~field.mask());
    }

    @Test
    void aValueThatDoesNotFitIsNamed() {
        assertThatThrownBy(() -> BitField.bits("SPLIT", 10, 6).with(0, 32))
                .hasMessage("0x20 does not fit SPLIT[10:6]");
        assertThatThrownBy(() -> BitField.bits("X", 64, 60)).isInstanceOf(IllegalArgumentException.class);
    }
}
