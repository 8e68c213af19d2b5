package dev.backplane.pci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BdfTest {

    @ParameterizedTest
    @CsvSource({"00:01.0, 8", "01:00.0, 0x100", "ff:1f.7, 0xffff", "3, 0x18", "3.1, 0x19", "a:2, 0xa10"})
    void textAndRequesterIdAgree(String text, String requesterId) {
        Bdf address = Bdf.parse(text);
        assertThat(address.requesterId()).isEqualTo(Integer.decode(requesterId));
        assertThat(Bdf.ofRequesterId(address.requesterId())).isEqualTo(address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0:0:0.0", "20.0", "1.8", "zz", "100:0.0"})
    void otherTextIsRefused(String text) {
        assertThatThrownBy(() -> Bdf.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void itPrintsAsLspciDoes() {
        assertThat(Bdf.ofRequesterId(0x10FA)).hasToString("10:1f.2");
    }
}
