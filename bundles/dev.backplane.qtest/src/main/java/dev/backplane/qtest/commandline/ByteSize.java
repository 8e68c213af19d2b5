package dev.backplane.qtest.commandline;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.regex.Pattern;

/** Sizes as users write them. */
final class ByteSize {
    private static final String SUFFIXES = "BKMGTPE";
    private static final int SHORT = 18;
    private static final Pattern DECIMAL = Pattern.compile("[0-9]+\\.?[0-9]*|\\.[0-9]+");

    private ByteSize() {}

    /**
     * {@return bytes}
     *
     * @param option name of the option, for messages
     * @param text number with an optional suffix
     * @param unit suffix that counts when none is written
     */
    static long parse(String option, String text, char unit) throws CommandLineException {
        try {
            String digits = text.strip();
            char suffix = unit;
            if (!digits.isEmpty() && !Character.isDigit(digits.charAt(digits.length() - 1)) && !isHex(digits)) {
                suffix = digits.toUpperCase(Locale.ROOT).charAt(digits.length() - 1);
                digits = digits.substring(0, digits.length() - 1);
            }
            int power = SUFFIXES.indexOf(suffix);
            if (power >= 0 && isShort(digits)) { // nearly all are; the classes for the others take long to load
                long number = Long.parseLong(digits);
                if (number <= Long.MAX_VALUE >> (10 * power)) {
                    return number << (10 * power);
                }
            }
            if (!isHex(digits) && !DECIMAL.matcher(digits).matches()) { // such as 1e3
                throw new NumberFormatException();
            }
            BigDecimal number = isHex(digits)
                    ? new BigDecimal(new java.math.BigInteger(digits.substring(2), 16))
                    : new BigDecimal(digits);
            BigDecimal bytes = number.multiply(BigDecimal.valueOf(1L << (10 * power)));
            if (power >= 0 && bytes.signum() >= 0) {
                if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
                    throw new CommandLineException(
                            "%s: '%s' is too much: expected less than 8E".formatted(option, text));
                }
                return bytes.longValue();
            }
        } catch (NumberFormatException e) {
            // The message below says what is expected.
        }
        throw new CommandLineException(
                "%s: '%s' is no size: expected a number with an optional suffix K, M, G or T".formatted(option, text));
    }

    /** {@return whether these are decimal digits alone, and few enough for a long} */
    private static boolean isShort(String digits) {
        for (int i = 0; i < digits.length(); i++) {
            if (digits.charAt(i) < '0' || digits.charAt(i) > '9') {
                return false;
            }
        }
        return !digits.isEmpty() && digits.length() <= SHORT;
    }

    private static boolean isHex(String digits) {
        return digits.startsWith("0x") || digits.startsWith("0X");
    }
}
