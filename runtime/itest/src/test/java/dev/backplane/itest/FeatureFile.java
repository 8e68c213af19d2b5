package dev.backplane.itest;

import static org.ops4j.pax.exam.cm.ConfigurationAdminOptions.factoryConfiguration;
import static org.ops4j.pax.exam.cm.ConfigurationAdminOptions.newConfiguration;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.cm.ConfigurationOption;

/** One OSGi Feature as it is written. */
final class FeatureFile {

    private static final ObjectMapper JSON = new ObjectMapper();

    private final JsonNode root;

    private FeatureFile(JsonNode root) {
        this.root = root;
    }

    static FeatureFile read(Path file) {
        try {
            return new FeatureFile(JSON.readTree(file.toFile()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String id() {
        return root.path("id").asText();
    }

    /** {@return the coordinates of the bundles, in order; "" for one that is not an object with an id} */
    List<String> bundleIds() {
        List<String> ids = new ArrayList<>();
        root.path("bundles").forEach(bundle -> ids.add(bundle.path("id").asText()));
        return ids;
    }

    /** {@return the options that give a test container the configurations} */
    List<Option> configurations() {
        List<Option> options = new ArrayList<>();
        root.path("configurations").properties().forEach(
                configuration -> options.add(configuration(configuration.getKey(), configuration.getValue())));
        return options;
    }

    private Option configuration(String pid, JsonNode properties) {
        String[] parts = pid.split("~", 2);
        ConfigurationOption option = parts.length == 1 ? newConfiguration(pid) : factoryConfiguration(parts[0]);
        Map<String, String> variables = variables();
        properties.properties().forEach(property -> option.put(
                property.getKey().split(":")[0],
                property.getValue().isArray()
                        ? array(property.getValue(), variables)
                        : substitute(property.getValue().asText(), variables)));
        return option.asOption();
    }

    private Map<String, String> variables() {
        Map<String, String> variables = new HashMap<>();
        root.path("variables").properties().forEach(
                variable -> variables.put(variable.getKey(), variable.getValue().asText()));
        return variables;
    }

    private static String[] array(JsonNode values, Map<String, String> variables) {
        List<String> texts = new ArrayList<>();
        values.forEach(value -> texts.add(substitute(value.asText(), variables)));
        return texts.toArray(String[]::new);
    }

    private static String substitute(String text, Map<String, String> variables) {
        String result = text;
        for (var variable : variables.entrySet()) {
            result = result.replace("${" + variable.getKey() + "}", variable.getValue());
        }
        return result;
    }
}
