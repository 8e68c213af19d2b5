package dev.backplane.shell.text;

import java.util.ArrayList;
import java.util.List;

/** Breaks text into lines at spaces. */
final class Lines {
    /** Columns of the narrowest terminal that output is made for. */
    static final int WIDTH = 80;

    private Lines() {}

    /** {@return the text in lines of at most {@code width} columns; a longer word is cut in pieces; never empty} */
    static List<String> wrap(String text, int width) {
        var lines = new ArrayList<String>();
        String rest = text;
        while (rest.length() > width) {
            int space = rest.lastIndexOf(' ', width);
            int end = space > 0 ? space : width;
            lines.add(rest.substring(0, end).stripTrailing());
            rest = rest.substring(end).stripLeading();
        }
        lines.add(rest);
        return lines;
    }

    static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
