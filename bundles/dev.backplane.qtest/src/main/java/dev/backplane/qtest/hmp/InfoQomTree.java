package dev.backplane.qtest.hmp;

import dev.backplane.qtest.qom.QomObject;

/** The tree of objects, as {@code info qom-tree} prints it. */
final class InfoQomTree {
    private InfoQomTree() {}

    static String text(QomObject root) {
        var text = new StringBuilder();
        append(text, "/machine", root.children().get("machine"), 0);
        return text.toString();
    }

    private static void append(StringBuilder text, String name, QomObject object, int depth) {
        text.append(" ".repeat(2 * depth)).append("%s (%s)\n".formatted(name, object.type()));
        object.children().forEach((child, below) -> append(text, "/" + child, below, depth + 1));
    }
}
