package dev.backplane.vfio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HostAddressTest {
    @ParameterizedTest
    @CsvSource({"0000:01:00.0,0000:01:00.0", "01:00.0,0000:01:00.0", "3:AF:1f.7,0003:af:1f.7", "1:2.3,0000:01:02.3"})
    void isWrittenInFull(String text, String address) {
        assertThat(HostAddress.parse(text)).isEqualTo(address);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "01:00", "01:00.8", "01:20.0", "0000:01:00.0 ", "x:01:00.0", "00000:01:00.0", "vfio0"})
    void isRefusedWithWhatIsExpected(String text) {
        assertThatThrownBy(() -> HostAddress.parse(text)).hasMessage(
                "vfio-pci: host=%s is no address on the host: expected DOMAIN:BUS:DEVICE.FUNCTION such as "
                        .formatted(text) + "0000:01:00.0; host:list shows the devices");
    }

    @Test
    void isNeeded() {
        assertThatThrownBy(() -> HostAddress.parse("")).hasMessageStartingWith("vfio-pci: host is not set: give host=");
    }
}
