package dev.backplane.qtest.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @ParameterizedTest
    @ValueSource(strings = {
        "{\"a\":1,\"b\":[true,false,null,-5,1.5,\"\\u00e9\\n\"],\"c\":{}}",
        "18446744073709551616", "[]", "\"x\"", "-9223372036854775808"
    })
    void whatIsReadIsWrittenAlike(String text) throws Exception {
        Object value = Json.parse(text);
        assertThat(Json.parse(new String(Json.write(value), StandardCharsets.UTF_8))).isEqualTo(value);
    }

    @Test
    void singleQuotesAreTaken() throws Exception {
        assertThat(Json.write(Json.parse("{'a': 'b'}"))).asString(StandardCharsets.UTF_8).isEqualTo("{\"a\":\"b\"}");
    }

    @Test
    void aTextThatEndsEarlyIsToldInWords() {
        assertThatExceptionOfType(JsonException.class)
                .isThrownBy(() -> Json.parse("{\"a\":[1"))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("Source").contains("line 1, column 6"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "{}{}", "{\"a\"}", "{\"a\":}", "{\"a\":1,\"a\":2}", "nul", "[1,]", "{'a':\"b}"})
    void whatIsNoJsonIsRefused(String text) {
        assertThatExceptionOfType(JsonException.class).isThrownBy(() -> Json.parse(text));
    }
}
