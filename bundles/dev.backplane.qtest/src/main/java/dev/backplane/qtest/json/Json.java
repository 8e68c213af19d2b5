package dev.backplane.qtest.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * JSON texts as JDK values: {@link Map} (in order), {@link List}, {@link String}, {@link Long}, {@link BigInteger}, {@link
 * Double}, {@link Boolean}, null. As QMP allows, strings may stand in single quotes; a key must not come twice.
 */
public final class Json {
    /** Deepest nesting that is read. */
    public static final int MOST_NESTING = 512;

    private static final JsonFactory FACTORY = new JsonFactoryBuilder()
            .enable(JsonReadFeature.ALLOW_SINGLE_QUOTES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MOST_NESTING).build())
            .build();

    /** How the parser names a place in a text that it does not show. */
    private static final Pattern PLACE = Pattern.compile("\\[Source: .*?; line: (\\d+), column: (\\d+)\\]");

    private Json() {}

    /**
     * Reads one value that fills the whole text.
     *
     * @throws JsonException if the text is no JSON value
     */
    public static Object parse(String text) throws JsonException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return parse(bytes, bytes.length);
    }

    /** Reads one value that fills the first {@code length} bytes; as {@link #parse(String)}. */
    public static Object parse(byte[] bytes, int length) throws JsonException {
        try (JsonParser parser = FACTORY.createParser(bytes, 0, length)) {
            parser.nextToken();
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new JsonException("something follows the value");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new JsonException(PLACE.matcher(e.getOriginalMessage()).replaceAll("line $1, column $2"));
        } catch (IOException e) {
            throw new JsonException(e.getMessage());
        }
    }

    private static Object value(JsonParser parser) throws IOException, JsonException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, Object> object = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String key = parser.currentName();
                    parser.nextToken();
                    object.put(key, value(parser));
                }
                yield object;
            }
            case START_ARRAY -> {
                List<Object> array = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(parser));
                }
                yield array;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> {
                BigInteger number = parser.getBigIntegerValue();
                yield number.bitLength() < Long.SIZE ? (Object) number.longValue() : number;
            }
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> Boolean.TRUE;
            case VALUE_FALSE -> Boolean.FALSE;
            case VALUE_NULL -> null;
            case null, default -> throw new JsonException("expecting value");
        };
    }

    /** {@return a value as JSON in UTF-8, on one line} */
    public static byte[] write(Object value) {
        var out = new ByteArrayOutputStream(256);
        try (JsonGenerator generator = FACTORY.createGenerator(out)) {
            write(generator, value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    private static void write(JsonGenerator generator, Object value) throws IOException {
        switch (value) {
            case null -> generator.writeNull();
            case String text -> generator.writeString(text);
            case Boolean flag -> generator.writeBoolean(flag);
            case Integer number -> generator.writeNumber(number);
            case Long number -> generator.writeNumber(number);
            case BigInteger number -> generator.writeNumber(number);
            case Double number -> generator.writeNumber(number);
            case Map<?, ?> object -> {
                generator.writeStartObject();
                for (var entry : object.entrySet()) {
                    generator.writeFieldName((String) entry.getKey());
                    write(generator, entry.getValue());
                }
                generator.writeEndObject();
            }
            case List<?> array -> {
                generator.writeStartArray();
                for (Object element : array) {
                    write(generator, element);
                }
                generator.writeEndArray();
            }
            default -> throw new IllegalArgumentException("no JSON value: " + value.getClass());
        }
    }

    /**
     * {@return a value as the text that stands for it in an option}
     *
     * @throws IllegalArgumentException if it is an object, an array or null
     */
    public static String asOptionText(Object value) {
        return switch (value) {
            case String text -> text;
            case Boolean flag -> flag ? "on" : "off";
            case Number number -> number.toString();
            case null, default -> throw new IllegalArgumentException(
                    "expected text, a number or a boolean, not " + new String(write(value), StandardCharsets.UTF_8));
        };
    }
}
