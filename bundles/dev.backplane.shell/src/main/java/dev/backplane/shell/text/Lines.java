package dev.backplane.shell.text;

import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.Process;

/** Breaks text into lines at spaces. */
final class Lines {
    /** Columns of the narrowest terminal that output is made for. */
    private static final int TERMINAL = 80;

    private static final int UNBROKEN = 1 << 16;
    private static final int STDOUT = 1;
    private static final String JOINTS = ".,:/-_";

    private Lines() {}

    /** {@return columns of what the running command prints to; in a pipe lines stay whole, for who looks for them} */
    static int width() {
        Process process = Process.Utils.current();
        return process == null || process.isTty(STDOUT) ? TERMINAL : UNBROKEN;
    }

    /**
     * {@return the text in lines of at most {@code width} columns; never empty} A longer word is cut, behind a full
     * stop or the like if one is in the second half of the line.
     */
    static List<String> wrap(String text, int width) {
        var lines = new ArrayList<String>();
        String rest = text;
        while (rest.length() > width) {
            int space = rest.lastIndexOf(' ', width);
            int end = space > 0 ? space : cut(rest, width);
            lines.add(rest.substring(0, end).stripTrailing());
            rest = rest.substring(end).stripLeading();
        }
        lines.add(rest);
        return lines;
    }

    private static int cut(String word, int width) {
        for (int end = width; end > width / 2; end--) {
            if (JOINTS.indexOf(word.charAt(end - 1)) >= 0) {
                return end;
            }
        }
        return width;
    }

    static String pad(String text, int width) {
        return text + " ".repeat(Math.max(0, width - text.length()));
    }
}
