package dev.backplane.device;

import java.util.List;
import java.util.Objects;

/**
 * Declares a property of a device type.
 *
 * @param name name as users write it, for example {@code dma_mask}
 * @param type type of its value
 * @param defaultValue value when nobody sets it, of the Java type that {@link PropertyType} names
 * @param description one line for help texts
 * @param choices allowed values of a {@link PropertyType#CHOICE}, else empty
 * @param wiring whether only the framework may set it, in pre-plug; a user's value is refused
 */
public record PropertyDescriptor(
        String name,
        PropertyType type,
        Object defaultValue,
        String description,
        List<String> choices,
        boolean wiring) {

    /** Copies the choices. */
    public PropertyDescriptor {
        Objects.requireNonNull(defaultValue, name);
        choices = List.copyOf(choices);
    }

    /** {@return a property that users may set} */
    public static PropertyDescriptor of(String name, PropertyType type, Object defaultValue, String description) {
        return new PropertyDescriptor(name, type, defaultValue, description, List.of(), false);
    }

    /** {@return a property with a closed set of values} */
    public static PropertyDescriptor choice(
            String name, String defaultValue, String description, String... choices) {
        return new PropertyDescriptor(
                name, PropertyType.CHOICE, defaultValue, description, List.of(choices), false);
    }

    /** {@return a property that only the framework sets, in pre-plug} */
    public static PropertyDescriptor wiring(String name, PropertyType type, Object defaultValue, String description) {
        return new PropertyDescriptor(name, type, defaultValue, description, List.of(), true);
    }

    /**
     * Reads a value as a user or a configuration gives it.
     *
     * @param given a {@link String} as in {@link PropertyType}, or a value of the Java type already
     * @return the value in the Java type that {@link PropertyType} names
     * @throws IllegalArgumentException if the value does not fit; the message names property, value and expectation
     */
    public Object parse(Object given) {
        return PropertyParser.parse(this, given);
    }
}
