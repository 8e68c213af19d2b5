package dev.backplane.shell.text;

import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;

/** Draws a tree of named values with lines, values and notes in columns, of 80 in all unless it goes into a pipe. */
public final class Tree {
    private static final int WIDEST_NAME = 36;
    private static final int WIDEST_VALUE = 20;
    private static final int NARROWEST_NOTE = 24;

    /**
     * A line before it is laid out.
     *
     * @param stem branches and name
     * @param below what stands under the stem where a note takes more than one line
     */
    private record Line(String stem, String below, String value, String note) {}

    private final List<Line> lines = new ArrayList<>();
    private final boolean inline;

    private Tree(boolean inline) {
        this.inline = inline;
    }

    /** {@return the tree, every value on a line of its own} */
    public static String draw(InspectNode root) {
        return new Tree(false).collect(root).render();
    }

    /** {@return the tree, with values that have neither note nor children in one line with their parent: fields} */
    public static String drawRegisters(InspectNode root) {
        return new Tree(true).collect(root).render();
    }

    private Tree collect(InspectNode root) {
        add(root, "", "");
        return this;
    }

    private void add(InspectNode node, String stem, String below) {
        boolean fields = inline && isRegister(node);
        List<InspectNode> children = fields ? List.of() : node.children();
        String note = fields ? (node.note() + "  " + fieldsOf(node)).strip() : node.note();
        lines.add(new Line(stem + node.name(), below + (children.isEmpty() ? "" : "│"), node.value(), note));
        for (int i = 0; i < children.size(); i++) {
            boolean last = i == children.size() - 1;
            add(children.get(i), below + (last ? "└─ " : "├─ "), below + (last ? "   " : "│  "));
        }
    }

    private static boolean isRegister(InspectNode node) {
        return !node.value().isEmpty()
                && node.children().stream().allMatch(child -> child.children().isEmpty() && child.note().isEmpty());
    }

    private static String fieldsOf(InspectNode node) {
        return String.join(" ", node.children().stream().map(field -> field.name() + "=" + field.value()).toList());
    }

    private String render() {
        int name = Math.min(WIDEST_NAME, lines.stream()
                .filter(line -> !line.value.isEmpty() || !line.note.isEmpty())
                .mapToInt(line -> line.stem.length()).max().orElse(0));
        int value = Math.min(WIDEST_VALUE, lines.stream().mapToInt(line -> line.value.length()).max().orElse(0));
        var text = new ArrayList<String>();
        for (Line line : lines) {
            render(line, name, name + 2 + (value == 0 ? 0 : value + 2), text);
        }
        return String.join("\n", text);
    }

    /**
     * Lays out one line.
     *
     * @param name columns of stem and name
     * @param column column where notes begin
     */
    private static void render(Line line, int name, int column, List<String> text) {
        String head = line.stem;
        if (!line.value.isEmpty() || !line.note.isEmpty()) {
            head = Lines.pad(line.stem, name) + "  ";
            List<String> values = Lines.wrap(line.value, Math.max(NARROWEST_NOTE, Lines.width() - head.length()));
            for (String part : values.subList(0, values.size() - 1)) {
                text.add(head + part);
                head = Lines.pad(line.below, name) + "  ";
            }
            head += values.getLast();
        }
        if (line.note.isEmpty()) {
            text.add(head.stripTrailing());
            return;
        }
        List<String> notes = Lines.wrap(line.note, Math.max(NARROWEST_NOTE, Lines.width() - column));
        boolean fits = head.length() + 2 <= column || head.length() + 2 + notes.getFirst().length() <= Lines.width();
        if (!fits) {
            text.add(head.stripTrailing());
        }
        for (int i = 0; i < notes.size(); i++) {
            boolean beside = i == 0 && fits;
            String before = beside ? head + (head.length() + 2 > column ? "  " : "") : line.below;
            text.add((Lines.pad(before, column) + notes.get(i)).stripTrailing());
        }
    }
}
