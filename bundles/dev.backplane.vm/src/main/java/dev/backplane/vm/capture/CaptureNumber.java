package dev.backplane.vm.capture;

/** Numbers as captures write them. */
final class CaptureNumber {
    private CaptureNumber() {}

    /**
     * {@return an unsigned 64-bit number, {@code 0x} hexadecimal or decimal}
     *
     * @throws NumberFormatException if it is neither
     */
    static long parse(String text) {
        boolean hex = text.startsWith("0x");
        int first = hex ? 2 : 0;
        if (text.length() <= first || Character.digit(text.charAt(first), hex ? 16 : 10) < 0) {
            throw new NumberFormatException(text);
        }
        return hex ? Long.parseUnsignedLong(text, 2, text.length(), 16) : Long.parseUnsignedLong(text);
    }
}
