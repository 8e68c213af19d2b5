package dev.backplane.device;

import java.util.Locale;

/** Turns what users write into property values. */
final class PropertyParser {
    private PropertyParser() {}

    static Object parse(PropertyDescriptor property, Object given) {
        return switch (property.type()) {
            case BOOL -> given instanceof Boolean ? given : bool(property, given);
            case UINT32 -> unsigned(property, given, 0xFFFF_FFFFL, "a number from 0 to 0xffffffff");
            case UINT64 -> unsigned(property, given, -1L, "a number from 0 to 0xffffffffffffffff");
            case SIZE -> size(property, given);
            case STRING, LINK -> {
                if (given instanceof String) {
                    yield given;
                }
                throw refused(property, given, "text");
            }
            case CHOICE -> {
                if (given instanceof String text && property.choices().contains(text)) {
                    yield text;
                }
                throw refused(property, given, "one of " + String.join(", ", property.choices()));
            }
        };
    }

    private static Boolean bool(PropertyDescriptor property, Object given) {
        return switch (given.toString().toLowerCase(Locale.ROOT)) {
            case "on", "true", "yes" -> true;
            case "off", "false", "no" -> false;
            default -> throw refused(property, given, "on or off");
        };
    }

    private static Long unsigned(PropertyDescriptor property, Object given, long max, String expected) {
        long value;
        switch (given) {
            case Integer number -> value = number;
            case Long number -> value = number;
            case String text -> value = number(property, text, expected);
            default -> throw refused(property, given, expected);
        }
        if (Long.compareUnsigned(value, max) > 0) {
            throw refused(property, given, expected);
        }
        return value;
    }

    private static Long size(PropertyDescriptor property, Object given) {
        String expected = "a size such as 4096, 0x1000, 512M or 1G";
        if (!(given instanceof String text) || text.isEmpty()) {
            return unsigned(property, given, Long.MAX_VALUE, expected);
        }
        int shift =
                switch (Character.toUpperCase(text.charAt(text.length() - 1))) {
                    case 'K' -> 10;
                    case 'M' -> 20;
                    case 'G' -> 30;
                    case 'T' -> 40;
                    default -> 0;
                };
        long count = number(property, shift == 0 ? text : text.substring(0, text.length() - 1), expected);
        if (Long.compareUnsigned(count, Long.MAX_VALUE >>> shift) > 0) {
            throw refused(property, given, expected);
        }
        return count << shift;
    }

    private static long number(PropertyDescriptor property, String text, String expected) {
        try {
            return text.startsWith("0x") || text.startsWith("0X")
                    ? Long.parseUnsignedLong(text, 2, text.length(), 16)
                    : Long.parseUnsignedLong(text);
        } catch (NumberFormatException e) {
            throw refused(property, text, expected);
        }
    }

    private static IllegalArgumentException refused(PropertyDescriptor property, Object given, String expected) {
        return new IllegalArgumentException(
                "property %s: '%s' does not fit: expected %s".formatted(property.name(), given, expected));
    }
}
