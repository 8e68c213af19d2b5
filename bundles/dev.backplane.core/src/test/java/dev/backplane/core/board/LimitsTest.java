package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsTest {
    @Test
    void defaultsHoldWherePropertiesSayNothing() {
        assertThat(BoardsComponent.limits(name -> null)).isEqualTo(Limits.DEFAULT);
        assertThat(BoardsComponent.limits(name -> " ")).isEqualTo(Limits.DEFAULT);
    }

    @ParameterizedTest
    @CsvSource({"500, 500", "1, 1", "0, 3000", "-1, 3000", "2 s, 3000", "99999999999, 3000"})
    void theLimitOfCallbacksIsAPositiveNumber(String value, long millis) {
        Limits limits = BoardsComponent.limits(Map.of("backplane.callback-limit", value)::get);
        assertThat(limits).isEqualTo(Limits.DEFAULT.withCallback(Duration.ofMillis(millis)));
    }

    @ParameterizedTest
    @CsvSource({"500, 500", "0, 0", "-1, 2000", "x, 2000"})
    void theLimitOfTransactionsMayBeForEver(String value, long millis) {
        Limits limits = BoardsComponent.limits(Map.of("backplane.transaction-limit", value)::get);
        assertThat(limits).isEqualTo(Limits.DEFAULT.withTransaction(Duration.ofMillis(millis)));
    }
}
