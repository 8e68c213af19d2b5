package dev.backplane.core.slot;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.osgi.framework.Filter;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;

/** Which slots of its type a factory is there for, as {@link dev.backplane.device.DeviceFactory#WHEN} says. Immutable. */
public final class FactoryCondition {
    /** Every slot. */
    public static final FactoryCondition ALWAYS = new FactoryCondition("", null, Set.of());

    private static final Pattern ATTRIBUTE = Pattern.compile("\\(\\s*([^()&|!=<>~\\s][^()=<>~]*?)\\s*(?:[<>~]?=)");

    private final String text;
    private final Filter filter;
    private final Set<String> names;

    private FactoryCondition(String text, Filter filter, Set<String> names) {
        this.text = text;
        this.filter = filter;
        this.names = names;
    }

    /**
     * {@return the condition that a filter states; the empty text states none}
     *
     * @throws IllegalArgumentException if it is no OSGi filter
     */
    public static FactoryCondition of(String text) {
        if (text.isBlank()) {
            return ALWAYS;
        }
        try {
            var names = new TreeSet<String>();
            Matcher attributes = ATTRIBUTE.matcher(text);
            while (attributes.find()) {
                names.add(attributes.group(1));
            }
            return new FactoryCondition(text, FrameworkUtil.createFilter(text), Set.copyOf(names));
        } catch (InvalidSyntaxException e) {
            throw new IllegalArgumentException("'%s' is no OSGi filter over properties, such as (accel=on): %s"
                    .formatted(text, e.getMessage()));
        }
    }

    /** {@return whether the factory is there for a slot that was given these property values} */
    public boolean admits(Map<String, ?> given) {
        return filter == null || filter.matches(normal(given));
    }

    private static Map<String, Object> normal(Map<String, ?> given) {
        Map<String, Object> values = new HashMap<>();
        given.forEach((name, value) -> values.put(name, switch (value.toString().toLowerCase(Locale.ROOT)) {
            case "on", "true", "yes" -> "on";
            case "off", "false", "no" -> "off";
            default -> value.toString();
        }));
        return values;
    }

    /** {@return names of the properties that decide} */
    public Set<String> names() {
        return names;
    }

    /** {@return the filter, or the empty text} */
    @Override
    public String toString() {
        return text;
    }
}
