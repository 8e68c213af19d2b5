package dev.backplane.itest.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Whether answers are of the types that a schema has for them. */
final class QapiFit {
    private final Map<String, JsonNode> entries = new HashMap<>();

    /** Takes what query-qmp-schema answers. */
    QapiFit(JsonNode schema) {
        schema.forEach(entry -> entries.put(entry.get("name").asText(), entry));
    }

    boolean knows(String command) {
        return entries.containsKey(command);
    }

    /** Fails unless an answer is of the type that a command returns. */
    void requireAnswer(String command, JsonNode answer) {
        require(entries.get(command).get("ret-type").asText(), answer, command);
    }

    private void require(String name, JsonNode value, String where) {
        JsonNode type = entries.get(name);
        switch (type.get("meta-type").asText()) {
            case "array" -> {
                assertThat(value.isArray()).as(where).isTrue();
                value.forEach(element -> require(type.get("element-type").asText(), element, where + "[]"));
            }
            case "enum" -> assertThat(type.get("members")).as(where)
                    .anyMatch(member -> member.get("name").equals(value));
            case "object" -> {
                Set<String> rest = new HashSet<>();
                value.fieldNames().forEachRemaining(rest::add);
                type.get("members").forEach(member -> {
                    String key = member.get("name").asText();
                    if (rest.remove(key)) {
                        require(member.get("type").asText(), value.get(key), where + "." + key);
                    } else {
                        assertThat(member.has("default")).as("%s lacks %s", where, key).isTrue();
                    }
                });
                if (!type.has("tag")) {
                    assertThat(rest).as("%s: not in the schema", where).isEmpty();
                }
            }
            case "builtin" -> {
                switch (type.get("json-type").asText()) {
                    case "string" -> assertThat(value.isTextual()).as(where).isTrue();
                    case "int" -> assertThat(value.isIntegralNumber()).as(where).isTrue();
                    case "boolean" -> assertThat(value.isBoolean()).as(where).isTrue();
                    default -> {}
                }
            }
            default -> {} // an alternate
        }
    }
}
