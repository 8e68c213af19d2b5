package dev.backplane.smmuv3.explain;

import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;

/** A node that still grows. */
final class Branch {
    private final String name;
    private final String value;
    private String note;
    private final List<Branch> branches = new ArrayList<>();

    Branch(String name, String value, String note) {
        this.name = name;
        this.value = value;
        this.note = note;
    }

    static Branch of(InspectNode node) {
        var branch = new Branch(node.name(), node.value(), node.note());
        node.children().forEach(child -> branch.add(of(child)));
        return branch;
    }

    void add(Branch branch) {
        branches.add(branch);
    }

    void addAll(List<InspectNode> nodes) {
        nodes.forEach(node -> branches.add(of(node)));
    }

    void extendNote(String text) {
        note = note.isEmpty() ? text : note + ", " + text;
    }

    InspectNode grown() {
        return new InspectNode(name, value, note, branches.stream().map(Branch::grown).toList());
    }
}
