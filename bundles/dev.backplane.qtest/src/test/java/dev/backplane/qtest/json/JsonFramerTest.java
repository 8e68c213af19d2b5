package dev.backplane.qtest.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonFramerTest {
    private final List<String> seen = new ArrayList<>();
    private final JsonFramer framer = new JsonFramer(new JsonFramer.Sink() {
        @Override
        public void value(byte[] bytes, int length) {
            seen.add(new String(bytes, 0, length, StandardCharsets.UTF_8));
        }

        @Override
        public void malformed(String reason) {
            seen.add("!");
        }
    });

    private List<String> frame(byte[] bytes, int piece) {
        for (int at = 0; at < bytes.length; at += piece) {
            framer.take(bytes, at, Math.min(bytes.length, at + piece));
        }
        return seen;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{}{} | {} {}",
        "{\"a\": \"}\"} [1] | {\"a\": \"}\"} [1]",
        "{'a': '\"'}{} | {'a': '\"'} {}",
        "{\"a\": \"\\\"}\"} | {\"a\": \"\\\"}\"}",
        "{]{} | ! {}",
        "123 {} | 123 {}",
        "null{} | null {}",
        "-1.5e+3 true{} | -1.5e+3 true {}",
        "\"text\" {} | \"text\" {}",
        "}} {} | ! ! {}",
        ",:{} | ! ! {}",
        "{[}]{} | ! {}",
        "{[}}{} | ! {}",
        "[[[{}]]] | [[[{}]]]",
    })
    void valuesAreCutByTheirBrackets(String stream, String expected) {
        frame(stream.getBytes(StandardCharsets.UTF_8), 1);
        assertThat(String.join(" ", seen)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "{<01>{} | ! {}",
        "{'a<1f>{} | ! {}",
        "{'a<09>{} | ! {}",
        "{'a<0d>{} | ! {}",
        "{<ff>{} | ! {}",
        "{<fe><fe>{} | ! ! {}",
        "{<7f>\"id\" {} | ! {}",
        "<01><09>1 true<0a>{} | ! {}",
        "%p{} | ! {}",
        "%p null<0a>null{} | ! null {}",
        "{'a': True}{} | ! ! {}",
        "{'a': 01, {} | ! ! {}",
        "-{} | ! !",
        "-<0a>{} | ! {}",
        "1.<0a>{} | ! {}",
        "1e<0a>{} | ! {}",
        "1e+<0a>{} | ! {}",
        "00<0a>{} | ! {}",
        "{'a<5c><ff>{} | ! {}",
    })
    void behindWhatIsNoTokenTheStreamGoesOn(String stream, String expected) {
        String bytes = Pattern.compile("<(..)>")
                .matcher(stream)
                .replaceAll(found -> Matcher.quoteReplacement(
                        Character.toString(Integer.parseInt(found.group(1), 16))));
        frame(bytes.getBytes(StandardCharsets.ISO_8859_1), 1);
        assertThat(String.join(" ", seen)).isEqualTo(expected);
    }

    @Test
    void anIllegalByteEndsWhatWasBegun() {
        byte[] bytes = "{\"abc?{}".getBytes(StandardCharsets.ISO_8859_1);
        bytes[5] = (byte) 0xFF;
        assertThat(frame(bytes, 3)).containsExactly("!", "{}");
    }

    @Test
    void aLineEndInAStringEndsWhatWasBegun() {
        assertThat(frame("{\"abc\n{}".getBytes(StandardCharsets.US_ASCII), 100)).containsExactly("!", "{}");
    }

    @Test
    void nestingIsBounded() {
        byte[] open = new byte[Json.MOST_NESTING + 1];
        Arrays.fill(open, (byte) '[');
        frame(open, 100);
        assertThat(seen).containsExactly("!");
        framer.take("\n{}".getBytes(StandardCharsets.US_ASCII), 0, 3);
        assertThat(seen).containsExactly("!", "{}");
    }

    @Test
    void sizeIsBounded() {
        byte[] text = new byte[1 << 20];
        Arrays.fill(text, (byte) 'x');
        framer.take(new byte[] {'{', '"'}, 0, 2);
        for (int i = 0; i < (JsonFramer.MOST_BYTES >> 20) + 1; i++) {
            framer.take(text, 0, text.length);
        }
        framer.take("\n{}".getBytes(StandardCharsets.US_ASCII), 0, 3);
        assertThat(seen).containsExactly("!", "{}");
    }

    @Test
    void noStreamBreaksTheFramerAndPiecesDoNotMatter() throws Exception {
        long seed = Long.getLong("qmp.seed", System.nanoTime());
        var random = new Random(seed);
        byte[] alphabet = "{}[]\"'\\:, \n1atrue".getBytes(StandardCharsets.US_ASCII);
        for (int round = 0; round < 300; round++) {
            byte[] bytes = new byte[random.nextInt(400)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = random.nextInt(30) == 0 ? (byte) random.nextInt() : alphabet[random.nextInt(alphabet.length)];
            }
            seen.clear();
            List<String> whole = List.copyOf(frame(bytes, bytes.length + 1));
            recover();
            seen.clear();
            assertThat(frame(bytes, 1 + random.nextInt(5))).as("seed %d, round %d", seed, round).isEqualTo(whole);
            for (String value : whole) {
                parses(value);
            }
            recover();
        }
    }

    private void recover() {
        framer.take(new byte[] {(byte) 0xFF, '\n'}, 0, 2);
    }

    /** Parsing ends with a value or with the one exception that says it is none. */
    private static void parses(String value) {
        try {
            Json.parse(value);
        } catch (JsonException e) {
            assertThat(e).hasMessageMatching("(?s).+");
        }
    }
}
