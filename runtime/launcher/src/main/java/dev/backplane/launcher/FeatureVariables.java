package dev.backplane.launcher;

import java.lang.reflect.Array;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.service.feature.Feature;

/** Puts the values of a feature's variables in the place of <code>${name}</code>. Immutable. */
final class FeatureVariables {

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([^}]*)}");

    private final String feature;
    private final Map<String, Object> values;

    /**
     * Takes a feature's variables.
     *
     * @param overrides values that the user gave; names that the feature does not declare are left out
     */
    FeatureVariables(Feature feature, Map<String, String> overrides) {
        this.feature = feature.getID().toString();
        this.values = new TreeMap<>(feature.getVariables());
        overrides.forEach((name, value) -> values.computeIfPresent(name, (n, old) -> value));
    }

    /** {@return the value with every reference replaced; an array or other type keeps its type} */
    Object substitute(Object value) throws LaunchException {
        if (value instanceof String text) {
            return substitute(text);
        }
        if (value instanceof String[] texts) {
            String[] result = (String[]) Array.newInstance(String.class, texts.length);
            for (int i = 0; i < texts.length; i++) {
                result[i] = substitute(texts[i]);
            }
            return result;
        }
        return value;
    }

    String substitute(String text) throws LaunchException {
        Matcher matcher = REFERENCE.matcher(text);
        StringBuilder result = new StringBuilder();
        while (matcher.find()) {
            Object value = values.get(matcher.group(1));
            if (value == null) {
                throw new LaunchException("feature " + feature + " uses the variable '" + matcher.group(1)
                        + "', which has no value; it has " + values.keySet() + "; give one with --set "
                        + matcher.group(1) + "=VALUE if the feature declares it");
            }
            matcher.appendReplacement(result, Matcher.quoteReplacement(value.toString()));
        }
        return matcher.appendTail(result).toString();
    }
}
