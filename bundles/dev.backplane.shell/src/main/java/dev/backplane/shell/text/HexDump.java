package dev.backplane.shell.text;

import java.util.ArrayList;
import java.util.HexFormat;

/** Shows bytes, 16 to a line, with their addresses and as ASCII; and reads bytes in hexadecimal. */
public final class HexDump {
    private static final int PER_LINE = 16;

    private HexDump() {}

    /** {@return the bytes as lines; lines like the one before are folded into {@code *}} */
    public static String of(long address, byte[] bytes) {
        var lines = new ArrayList<String>();
        String before = null;
        boolean folded = false;
        for (int start = 0; start < bytes.length; start += PER_LINE) {
            String content = content(bytes, start, Math.min(PER_LINE, bytes.length - start));
            boolean last = start + PER_LINE >= bytes.length;
            if (content.equals(before) && !last) {
                if (!folded) {
                    lines.add("*");
                }
                folded = true;
                continue;
            }
            folded = false;
            before = content;
            lines.add("%010x  %s".formatted(address + start, content));
        }
        return String.join("\n", lines);
    }

    /**
     * Reads bytes as a person types them.
     *
     * @param text hexadecimal digits, two for each byte; spaces, colons and a leading {@code 0x} do not count
     * @throws IllegalArgumentException if there is something else in it
     */
    public static byte[] parse(String text) {
        String digits = text.replaceAll("[\\s:_]|^0[xX]", "");
        try {
            byte[] bytes = HexFormat.of().parseHex(digits);
            if (bytes.length > 0) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // said below, with what to type
        }
        throw new IllegalArgumentException(
                "bytes '%s': expected two hexadecimal digits for each byte, for example 11223344".formatted(text));
    }

    private static String content(byte[] bytes, int start, int count) {
        var hex = new StringBuilder();
        var ascii = new StringBuilder();
        for (int i = 0; i < PER_LINE; i++) {
            hex.append(i == PER_LINE / 2 ? " " : "");
            if (i >= count) {
                hex.append("   ");
                continue;
            }
            int value = bytes[start + i] & 0xFF;
            hex.append("%02x ".formatted(value));
            ascii.append(value >= 0x20 && value < 0x7F ? (char) value : '.');
        }
        return "%s |%s|".formatted(hex, ascii);
    }
}
