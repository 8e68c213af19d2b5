package dev.backplane.vm.capture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A value in a JSON file, with the path to it for messages.
 *
 * @param file name of the file
 * @param path path of the value, for example {@code smmus[0].regs}
 * @param node the value
 */
record JsonField(String file, String path, JsonNode node) {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static JsonField parse(String file, String text) {
        try {
            return new JsonField(file, "", MAPPER.readTree(text));
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null ? "" : "line %d".formatted(e.getLocation().getLineNr());
            throw new CaptureException(file, place, "no JSON, truncated or altered: " + e.getOriginalMessage());
        }
    }

    JsonField field(String name) {
        return find(name).orElseThrow(() -> new CaptureException(file, below(name), "missing"));
    }

    Optional<JsonField> find(String name) {
        JsonNode child = node.get(name);
        return child == null || child.isNull() ? Optional.empty()
                : Optional.of(new JsonField(file, below(name), child));
    }

    private String below(String name) {
        return path.isEmpty() ? name : path + "." + name;
    }

    List<JsonField> list() {
        if (!node.isArray()) {
            throw new CaptureException(file, path, "expected a list");
        }
        var items = new ArrayList<JsonField>();
        for (int i = 0; i < node.size(); i++) {
            items.add(new JsonField(file, "%s[%d]".formatted(path, i), node.get(i)));
        }
        return items;
    }

    List<String> names() {
        if (!node.isObject()) {
            throw new CaptureException(file, path, "expected an object");
        }
        var names = new ArrayList<String>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }

    String text() {
        if (!node.isTextual()) {
            throw new CaptureException(file, path, "expected text, found %s".formatted(node));
        }
        return node.textValue();
    }

    /** {@return a number, given as text such as {@code 0x9050000} or as a JSON number} */
    long number() {
        if (node.isIntegralNumber() && node.canConvertToLong()) {
            return node.longValue();
        }
        try {
            return CaptureNumber.parse(text());
        } catch (NumberFormatException e) {
            throw new CaptureException(file, path, "'%s': expected a number".formatted(node.textValue()));
        }
    }

    int number(int max) {
        long value = number();
        if (value < 0 || value > max) {
            throw new CaptureException(file, path, "0x%x: expected 0 to 0x%x".formatted(value, max));
        }
        return (int) value;
    }
}
