package dev.backplane.core.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FactoryConditionTest {
    @ParameterizedTest
    @CsvSource({
        "(accel=on), on, true",
        "(accel=on), true, true",
        "(accel=on), YES, true",
        "(accel=on), off, false",
        "(accel=on), , false",
        "(!(accel=on)), , true",
        "(!(accel=on)), no, true",
        "(!(accel=on)), on, false",
        "'', on, true",
    })
    void aFactoryIsThereForTheSlotsThatItsFilterMatches(String filter, String accel, boolean admitted) {
        Map<String, Object> given = accel == null ? Map.of("stage", "2") : Map.of("accel", accel, "stage", "2");
        assertThat(FactoryCondition.of(filter).admits(given)).isEqualTo(admitted);
    }

    @Test
    void booleansAndNumbersMatchHoweverTheyCame() {
        assertThat(FactoryCondition.of("(accel=on)").admits(Map.of("accel", true))).isTrue();
        assertThat(FactoryCondition.of("(stage=2)").admits(Map.of("stage", 2L))).isTrue();
    }

    @Test
    void theNamesOfTheDecidingPropertiesAreKnown() {
        assertThat(FactoryCondition.of("(&(!(accel=on))(| (stage>=2) (profile=virt-*)))").names())
                .containsExactlyInAnyOrder("accel", "stage", "profile");
    }

    @Test
    void whatIsNoFilterIsRefused() {
        assertThatThrownBy(() -> FactoryCondition.of("accel=on")).hasMessageContaining("'accel=on' is no OSGi filter");
    }
}
