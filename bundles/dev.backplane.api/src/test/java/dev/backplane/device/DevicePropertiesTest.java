package dev.backplane.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DevicePropertiesTest {
    private static final List<PropertyDescriptor> DECLARED = List.of(
            PropertyDescriptor.of("accel", PropertyType.BOOL, false, "accelerated"),
            PropertyDescriptor.of("num-irq", PropertyType.UINT32, 288L, "interrupts"),
            PropertyDescriptor.of("dma_mask", PropertyType.UINT64, 0xFFF_FFFFL, "mask"),
            PropertyDescriptor.of("size", PropertyType.SIZE, 4096L, "size"),
            PropertyDescriptor.choice("ril", "auto", "range invalidation", "on", "off", "auto"));

    @ParameterizedTest
    @CsvSource({
        "accel, on, true", "accel, NO, false",
        "num-irq, 0xffffffff, 4294967295", "num-irq, 64, 64",
        "dma_mask, 0xffffffffffffffff, -1",
        "size, 4K, 4096", "size, 1G, 1073741824", "size, 0x10, 16",
        "ril, off, off"
    })
    void valuesAreReadAsUsersWriteThem(String name, String given, String expected) {
        DeviceProperties properties = DeviceProperties.of("edu", DECLARED, Map.of(name, given));
        assertThat(properties.asMap().get(name)).hasToString(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "accel, maybe, on or off", "num-irq, -1, a number from 0 to 0xffffffff",
        "num-irq, 0x100000000, 0xffffffff", "size, 4Q, a size such as", "size, 99999999999T, a size such as",
        "ril, perhaps, 'one of on, off, auto'", "dma_mask, 1x, a number"
    })
    void valuesThatDoNotFitAreNamedWithWhatWasExpected(String name, String given, String expected) {
        assertThatThrownBy(() -> DeviceProperties.of("edu", DECLARED, Map.of(name, given)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("edu")
                .hasMessageContaining(name)
                .hasMessageContaining(given)
                .hasMessageContaining(expected);
    }

    @Test
    void unknownNamesListTheKnownOnes() {
        assertThatThrownBy(() -> DeviceProperties.of("edu", DECLARED, Map.of("dmamask", "1")))
                .hasMessage("edu has no property 'dmamask'; it has accel, dma_mask, num-irq, ril, size");
    }

    @Test
    void defaultsFillInAndNothingCanBeChanged() {
        DeviceProperties properties = DeviceProperties.of("edu", DECLARED, Map.of());
        assertThat(properties.number("num-irq")).isEqualTo(288);
        assertThat(properties.text("ril")).isEqualTo("auto");
        assertThatThrownBy(() -> properties.asMap().put("accel", true))
                .isInstanceOf(UnsupportedOperationException.class);
    }
}
