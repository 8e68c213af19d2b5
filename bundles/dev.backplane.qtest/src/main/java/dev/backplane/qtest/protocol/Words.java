package dev.backplane.qtest.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The words of one command line, as they lie in the input buffer. Made once per session and filled for each line. */
final class Words {
    private static final int RADIX_OCTAL = 8;
    private static final int RADIX_DECIMAL = 10;
    private static final int RADIX_HEX = 16;

    private byte[] line;
    private int[] starts = new int[8];
    private int[] ends = new int[8];
    private int count;

    /** Takes a line without its end. */
    void split(byte[] bytes, int from, int to) {
        line = bytes;
        count = 0;
        int at = from;
        while (at < to) {
            while (at < to && isBlank(bytes[at])) {
                at++;
            }
            int start = at;
            while (at < to && !isBlank(bytes[at])) {
                at++;
            }
            if (at > start) {
                add(start, at);
            }
        }
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t' || b == '\r';
    }

    private void add(int start, int end) {
        if (count == starts.length) {
            starts = Arrays.copyOf(starts, 2 * count);
            ends = Arrays.copyOf(ends, 2 * count);
        }
        starts[count] = start;
        ends[count++] = end;
    }

    int count() {
        return count;
    }

    byte[] bytes() {
        return line;
    }

    int start(int word) throws CommandFailure {
        require(word);
        return starts[word];
    }

    int end(int word) {
        return ends[word];
    }

    String text(int word) throws CommandFailure {
        require(word);
        return new String(line, starts[word], ends[word] - starts[word], StandardCharsets.ISO_8859_1);
    }

    /** {@return a number as {@code strtoul} reads it with base 0: hexadecimal after 0x, octal after 0, else decimal} */
    long number(int word) throws CommandFailure {
        require(word);
        int at = starts[word];
        int end = ends[word];
        boolean negative = line[at] == '-';
        if (negative || line[at] == '+') {
            at++;
        }
        int radix = RADIX_DECIMAL;
        if (at < end - 1 && line[at] == '0') {
            boolean hex = line[at + 1] == 'x' || line[at + 1] == 'X';
            radix = hex ? RADIX_HEX : RADIX_OCTAL;
            at += hex ? 2 : 1;
        }
        if (at == end) {
            throw noNumber(word);
        }
        long value = 0;
        for (; at < end; at++) {
            int digit = Character.digit(line[at], radix);
            if (digit < 0 || Long.compareUnsigned(value, Long.divideUnsigned(-1L - digit, radix)) > 0) {
                throw noNumber(word);
            }
            value = value * radix + digit;
        }
        return negative ? -value : value;
    }

    private void require(int word) throws CommandFailure {
        if (word >= count) {
            throw new CommandFailure("%s: argument %d is missing".formatted(count == 0 ? "" : text(0), word));
        }
    }

    private CommandFailure noNumber(int word) throws CommandFailure {
        return new CommandFailure("%s: '%s' is no 64-bit number".formatted(text(0), text(word)));
    }
}
