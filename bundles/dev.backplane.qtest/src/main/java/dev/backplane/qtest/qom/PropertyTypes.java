package dev.backplane.qtest.qom;

import dev.backplane.device.PropertyDescriptor;

/** Names of property types, as QMP spells them. */
public final class PropertyTypes {
    private PropertyTypes() {}

    /** {@return the name of a property's type} */
    public static String name(PropertyDescriptor property) {
        return switch (property.type()) {
            case BOOL -> "bool";
            case UINT32 -> "uint32";
            case UINT64 -> "uint64";
            case SIZE -> "size";
            case STRING, CHOICE -> "str";
            case LINK -> "link<device>";
        };
    }

    /** {@return what a property is for, with its choices} */
    public static String description(PropertyDescriptor property) {
        return property.choices().isEmpty()
                ? property.description()
                : "%s (%s)".formatted(property.description(), String.join("/", property.choices()));
    }
}
