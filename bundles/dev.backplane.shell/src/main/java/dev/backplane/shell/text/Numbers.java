package dev.backplane.shell.text;

import java.util.Locale;
import java.util.regex.Pattern;

/** Reads the numbers that people type: {@code 0x} hexadecimal or decimal, unsigned 64 bits. */
public final class Numbers {
    private static final Pattern NEGATIVE = Pattern.compile("-[0-9]+|-0x[0-9a-f]+");

    private Numbers() {}

    /**
     * Reads a number.
     *
     * @param what what the number is, for the message
     * @param text what was typed
     * @param max largest value, unsigned
     * @throws IllegalArgumentException if it is no number or too large
     */
    public static long parse(String what, String text, long max) {
        String digits = text.toLowerCase(Locale.ROOT);
        long value;
        try {
            value = digits.startsWith("0x")
                    ? Long.parseUnsignedLong(digits, 2, digits.length(), 16)
                    : Long.parseUnsignedLong(requireDigits(digits));
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            if (NEGATIVE.matcher(digits).matches()) {
                throw outOfRange(what, text, max);
            }
            throw new IllegalArgumentException(
                    "%s '%s' is no number: type it in decimal or, with 0x, in hexadecimal".formatted(what, text));
        }
        if (Long.compareUnsigned(value, max) > 0) {
            throw outOfRange(what, text, max);
        }
        return value;
    }

    private static IllegalArgumentException outOfRange(String what, String text, long max) {
        boolean hexadecimal = text.contains("x") || text.contains("X");
        return new IllegalArgumentException("%s %s is out of range: expected 0 to %s"
                .formatted(what, text, hexadecimal ? "0x" + Long.toHexString(max) : Long.toUnsignedString(max)));
    }

    /** {@return a 64-bit address} */
    public static long address(String what, String text) {
        return parse(what, text, -1L);
    }

    /**
     * Reads a number of bytes, with an optional suffix {@code K}, {@code M} or {@code G}.
     *
     * @param max largest value
     * @throws IllegalArgumentException if it is no number, 0 or too large
     */
    public static int length(String text, int max) {
        int shift = switch (text.isEmpty() ? ' ' : Character.toUpperCase(text.charAt(text.length() - 1))) {
            case 'K' -> 10;
            case 'M' -> 20;
            case 'G' -> 30;
            default -> 0;
        };
        String digits = shift == 0 ? text : text.substring(0, text.length() - 1);
        long units = NEGATIVE.matcher(digits).matches() ? 0 : parse("length", digits, -1L);
        if (units == 0 || Long.compareUnsigned(units, max >>> shift) > 0) {
            throw new IllegalArgumentException("length %s is out of range: expected 1 to %d bytes"
                    .formatted(text, max));
        }
        return (int) (units << shift);
    }

    private static String requireDigits(String text) {
        if (text.isEmpty() || !Character.isDigit(text.charAt(0))) {
            throw new NumberFormatException(text);
        }
        return text;
    }
}
