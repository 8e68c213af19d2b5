package dev.backplane.device;

import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The property values of one device: complete, checked, final. Immutable.
 */
public final class DeviceProperties {
    private final Map<String, Object> values;

    private DeviceProperties(Map<String, Object> values) {
        this.values = values;
    }

    /**
     * Checks given values against their declarations and fills in the defaults.
     *
     * @param owner whom error messages name, for example {@code arm-smmuv3}
     * @param declared declarations of the device type
     * @param given values by name, as {@link PropertyDescriptor#parse} takes them
     * @return the complete set
     * @throws IllegalArgumentException if a name is unknown (the message lists the known ones) or a value does not fit
     */
    public static DeviceProperties of(String owner, Collection<PropertyDescriptor> declared, Map<String, ?> given) {
        var values = new LinkedHashMap<String, Object>();
        for (PropertyDescriptor property : declared) {
            values.put(property.name(), property.defaultValue());
        }
        given.forEach((name, value) -> {
            PropertyDescriptor property = declared.stream()
                    .filter(candidate -> candidate.name().equals(name))
                    .findFirst()
                    .orElseThrow(() -> unknown(owner, name, declared));
            try {
                values.put(name, property.parse(value));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(owner + ": " + e.getMessage());
            }
        });
        return new DeviceProperties(values);
    }

    private static IllegalArgumentException unknown(
            String owner, String name, Collection<PropertyDescriptor> declared) {
        List<String> known = declared.stream().map(PropertyDescriptor::name).sorted().toList();
        return new IllegalArgumentException("%s has no property '%s'; it has %s"
                .formatted(owner, name, known.isEmpty() ? "none" : String.join(", ", known)));
    }

    /** {@return the value of a {@link PropertyType#BOOL}} */
    public boolean bool(String name) {
        return (Boolean) value(name);
    }

    /** {@return the value of a {@link PropertyType#UINT32}, {@link PropertyType#UINT64} or {@link PropertyType#SIZE}} */
    public long number(String name) {
        return (Long) value(name);
    }

    /** {@return the value of a {@link PropertyType#STRING}, {@link PropertyType#CHOICE} or {@link PropertyType#LINK}} */
    public String text(String name) {
        return (String) value(name);
    }

    /** {@return all values by name, in the order of declaration} */
    public Map<String, Object> asMap() {
        return Collections.unmodifiableMap(values);
    }

    private Object value(String name) {
        Object value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException("no property '%s' is declared".formatted(name));
        }
        return value;
    }
}
