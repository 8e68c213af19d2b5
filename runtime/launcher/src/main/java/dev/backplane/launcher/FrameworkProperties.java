package dev.backplane.launcher;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.util.LinkedHashMap;
import java.util.Map;
import org.osgi.service.feature.FeatureExtension;

/** The feature extension that carries framework properties, as a JSON object or as lines {@code key=value}. */
final class FrameworkProperties {

    static final String EXTENSION = "framework-launching-properties";

    private FrameworkProperties() {}

    static Map<String, String> of(FeatureExtension extension) throws LaunchException {
        return switch (extension.getType()) {
            case JSON -> ofJson(extension.getJSON());
            case TEXT -> ofLines(extension.getText());
            case ARTIFACTS -> throw new LaunchException(
                    "extension " + EXTENSION + " must be of type json or text, not artifacts");
        };
    }

    private static Map<String, String> ofJson(String json) throws LaunchException {
        try (JsonReader reader = Json.createReader(new StringReader(json))) {
            JsonObject object = reader.readObject();
            Map<String, String> properties = new LinkedHashMap<>();
            object.forEach((key, value) ->
                    properties.put(key, value instanceof JsonString text ? text.getString() : value.toString()));
            return properties;
        } catch (JsonException | IllegalStateException e) {
            throw new LaunchException("extension " + EXTENSION + " must be a JSON object of properties: "
                    + e.getMessage(), e);
        }
    }

    private static Map<String, String> ofLines(Iterable<String> lines) throws LaunchException {
        Map<String, String> properties = new LinkedHashMap<>();
        for (String line : lines) {
            int equals = line.indexOf('=');
            if (equals < 1) {
                throw new LaunchException("extension " + EXTENSION + ": line '" + line + "' is not key=value");
            }
            properties.put(line.substring(0, equals).strip(), line.substring(equals + 1).strip());
        }
        return properties;
    }
}
