package dev.backplane.inspect;

import java.util.ArrayList;
import java.util.List;

/**
 * A named value with values below it: what a model shows of itself, ready to be printed as a tree or a table or to be
 * read by a program. Immutable.
 *
 * @param name name of the value, as the specification spells it where it has one
 * @param value text of the value, {@code ""} for a mere heading; numbers in hexadecimal carry {@code 0x}
 * @param note what the value means, for people; {@code ""} when there is nothing to say
 * @param children values below this one
 */
public record InspectNode(String name, String value, String note, List<InspectNode> children) {

    /** Copies the children. */
    public InspectNode {
        children = List.copyOf(children);
    }

    /** {@return a heading with values below it} */
    public static InspectNode group(String name, List<InspectNode> children) {
        return new InspectNode(name, "", "", children);
    }

    /** {@return a value with text} */
    public static InspectNode text(String name, String value) {
        return new InspectNode(name, value, "", List.of());
    }

    /** {@return a value in hexadecimal} */
    public static InspectNode hex(String name, long value) {
        return text(name, "0x" + Long.toHexString(value));
    }

    /** {@return a value in decimal} */
    public static InspectNode number(String name, long value) {
        return text(name, Long.toString(value));
    }

    /** {@return this node with a note} */
    public InspectNode withNote(String text) {
        return new InspectNode(name, value, text, children);
    }

    /** {@return this node with one more child at the end} */
    public InspectNode with(InspectNode child) {
        var all = new ArrayList<>(children);
        all.add(child);
        return new InspectNode(name, value, note, all);
    }

    /** {@return the first child of that name, or null} */
    public InspectNode child(String childName) {
        for (InspectNode child : children) {
            if (child.name.equals(childName)) {
                return child;
            }
        }
        return null;
    }
}
