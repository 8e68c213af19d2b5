package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Memory, as {@code xp /FMT ADDRESS} prints it: count, then x, d, u, o or c, then b, h, w or g. */
final class PhysicalDump {
    private static final Pattern FORMAT = Pattern.compile("/([0-9]{0,5})([xduoc]?)([bhwg]?)");
    private static final int BYTES_PER_LINE = 16;
    private static final String USAGE = "xp: expected /FMT ADDRESS, for example xp /4xw 0x40000000\n";

    private PhysicalDump() {}

    static String run(Board board, List<String> words) {
        boolean joined = words.getFirst().length() > 2;
        String format = joined ? words.getFirst().substring(2) : words.size() > 1 ? words.get(1) : "";
        boolean hasFormat = format.startsWith("/");
        Matcher match = FORMAT.matcher(hasFormat ? format : "/");
        int at = joined ? 1 : hasFormat ? 2 : 1;
        if (!match.matches() || words.size() != at + 1) {
            return USAGE;
        }
        try {
            int count = match.group(1).isEmpty() ? 1 : Integer.parseInt(match.group(1));
            return dump(board, count, match.group(2), size(match.group(3)), Long.decode(words.get(at)));
        } catch (NumberFormatException e) {
            return USAGE;
        }
    }

    private static int size(String letter) {
        return switch (letter) {
            case "b" -> 1;
            case "h" -> 2;
            case "g" -> 8;
            default -> 4;
        };
    }

    private static String dump(Board board, int count, String format, int size, long address) {
        DmaPort port = board.systemPort("hmp");
        TransactionContext context = board.epochs().context();
        var text = new StringBuilder();
        int perLine = BYTES_PER_LINE / size;
        for (int i = 0; i < count; i++) {
            long at = address + (long) i * size;
            if (i % perLine == 0) {
                text.append(i == 0 ? "" : "\n").append("%08x:".formatted(at));
            }
            if (!port.read(context, at, size).isDone()) {
                return text.append("\n").append("Cannot access memory\n").toString();
            }
            text.append(' ').append(value(context.data(), format, size));
        }
        return text.append('\n').toString();
    }

    /** {@return a decimal number, to the right in a column as wide as the longest of its size} */
    private static String padded(String number, int size) {
        int width = switch (size) {
            case 1 -> 3;
            case 2 -> 5;
            case 4 -> 10;
            default -> 20;
        };
        return " ".repeat(Math.max(0, width - number.length())) + number;
    }

    private static String value(long value, String format, int size) {
        return switch (format) {
            case "d" -> padded(
                    Long.toString(value << (Long.SIZE - Byte.SIZE * size) >> (Long.SIZE - Byte.SIZE * size)), size);
            case "u" -> padded(Long.toUnsignedString(value), size);
            case "o" -> "0" + Long.toOctalString(value);
            case "c" -> "'%c'".formatted(value >= ' ' && value < 0x7F ? (char) value : '.');
            default -> "0x%0{w}x".replace("{w}", Integer.toString(2 * size)).formatted(value);
        };
    }
}
