package dev.backplane.vm.capture;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Reads a table of comma-separated values with a heading; every error names line and column. */
final class Csv {
    private Csv() {}

    /**
     * Reads a table.
     *
     * @param file name, for messages
     * @param text content
     * @param columns columns that must be there
     * @param make makes a row
     */
    static <T> List<T> read(String file, String text, List<String> columns, Function<Row, T> make) {
        if (!text.endsWith("\n")) {
            throw new CaptureException(file, "", "truncated: the last line does not end");
        }
        String[] lines = text.substring(0, text.length() - 1).split("\r?\n", -1);
        String[] heading = lines[0].split(",", -1);
        var index = new LinkedHashMap<String, Integer>();
        for (int i = 0; i < heading.length; i++) {
            index.put(heading[i].strip(), i);
        }
        for (String column : columns) {
            if (!index.containsKey(column)) {
                throw new CaptureException(file, "line 1", "no column '%s'; expected %s"
                        .formatted(column, String.join(",", columns)));
            }
        }
        var rows = new ArrayList<T>(lines.length - 1);
        for (int i = 1; i < lines.length; i++) {
            String[] cells = lines[i].split(",", -1);
            if (cells.length != heading.length) {
                throw new CaptureException(file, "line " + (i + 1),
                        "%d values; expected %d".formatted(cells.length, heading.length));
            }
            rows.add(make.apply(new Row(file, i + 1, index, cells)));
        }
        return rows;
    }

    /** A row; each reader checks its value. */
    record Row(String file, int line, Map<String, Integer> index, String[] cells) {

        String text(String column) {
            return cells[index.get(column)].strip();
        }

        boolean has(String column) {
            return index.containsKey(column) && !text(column).isEmpty();
        }

        /** {@return a 64-bit number, {@code 0x} hexadecimal or decimal} */
        long number(String column) {
            try {
                return CaptureNumber.parse(text(column));
            } catch (NumberFormatException e) {
                throw refused(column, "a number");
            }
        }

        /** {@return a number from 0 to {@code max}} */
        int number(String column, int max) {
            long value = number(column);
            if (value < 0 || value > max) {
                throw refused(column, "0 to 0x%x".formatted(max));
            }
            return (int) value;
        }

        /** {@return a number, 0 when the cell is empty} */
        int optional(String column, int max) {
            return has(column) ? number(column, max) : 0;
        }

        /** {@return one of some words} */
        String word(String column, List<String> allowed) {
            String word = text(column);
            if (!allowed.contains(word)) {
                throw refused(column, "one of " + String.join(", ", allowed));
            }
            return word;
        }

        CaptureException refused(String column, String expected) {
            return new CaptureException(file, "line %d, column %s".formatted(line, column),
                    "'%s': expected %s".formatted(text(column), expected));
        }
    }
}
