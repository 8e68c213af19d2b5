package dev.backplane.shell.text;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A table of at most 80 columns, unless it goes into a pipe: a heading, aligned cells, and a last column that wraps. A
 * heading that starts with {@code >} aligns its column to the right. Not thread-safe.
 */
public final class Table {
    private static final String GAP = "  ";
    private static final int NARROWEST_LAST_COLUMN = 16;

    private record Cell(String text, Colour colour) {}

    private final boolean coloured;
    private final String[] headings;
    private final boolean[] right;
    private final List<Cell[]> rows = new ArrayList<>();

    /**
     * Starts a table.
     *
     * @param coloured whether the reader is a terminal
     * @param headings headings of the columns
     */
    public Table(boolean coloured, String... headings) {
        this.coloured = coloured;
        this.headings = headings.clone();
        right = new boolean[headings.length];
        for (int i = 0; i < headings.length; i++) {
            right[i] = headings[i].startsWith(">");
            this.headings[i] = right[i] ? headings[i].substring(1) : headings[i];
        }
    }

    /** Adds a row. */
    public Table row(Object... cells) {
        return paintedRow(Colour.PLAIN, -1, cells);
    }

    /**
     * Adds a row with one coloured cell.
     *
     * @param column the cell that has the colour
     */
    public Table paintedRow(Colour colour, int column, Object... cells) {
        if (cells.length != headings.length) {
            throw new IllegalArgumentException("%d cells in a table of %d columns"
                    .formatted(cells.length, headings.length));
        }
        var row = new Cell[cells.length];
        for (int i = 0; i < cells.length; i++) {
            row[i] = new Cell(String.valueOf(cells[i]), i == column ? colour : Colour.PLAIN);
        }
        rows.add(row);
        return this;
    }

    /** {@return whether the table has no rows} */
    public boolean isEmpty() {
        return rows.isEmpty();
    }

    /** {@return the table as lines, without a newline at the end} */
    public String render() {
        int[] widths = widths();
        var lines = new ArrayList<String>();
        lines.add(line(Arrays.stream(headings).map(text -> new Cell(text, Colour.PLAIN)).toArray(Cell[]::new), widths));
        for (Cell[] row : rows) {
            Cell last = row[row.length - 1];
            List<String> wrapped = Lines.wrap(last.text, widths[row.length - 1]);
            for (int i = 0; i < wrapped.size(); i++) {
                var part = new Cell[row.length];
                Arrays.fill(part, new Cell("", Colour.PLAIN));
                if (i == 0) {
                    System.arraycopy(row, 0, part, 0, row.length);
                }
                part[row.length - 1] = new Cell(wrapped.get(i), last.colour);
                lines.add(line(part, widths));
            }
        }
        return String.join("\n", lines);
    }

    private int[] widths() {
        var widths = new int[headings.length];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            widths[i] = Math.max(headings[i].length(),
                    rows.stream().mapToInt(row -> row[column].text.length()).max().orElse(0));
        }
        int last = widths.length - 1;
        int before = Arrays.stream(widths, 0, last).sum() + GAP.length() * last;
        widths[last] = Math.min(widths[last], Math.max(NARROWEST_LAST_COLUMN, Lines.width() - before));
        return widths;
    }

    private String line(Cell[] cells, int[] widths) {
        var line = new StringBuilder();
        for (int i = 0; i < cells.length; i++) {
            String padding = " ".repeat(Math.max(0, widths[i] - cells[i].text.length()));
            String text = coloured ? cells[i].colour.paint(cells[i].text) : cells[i].text;
            line.append(i == 0 ? "" : GAP).append(right[i] ? padding + text : text + padding);
        }
        return line.toString().stripTrailing();
    }
}
