package dev.backplane.smmuv3.explain;

import dev.backplane.inspect.InspectNode;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.ContextTable.L1Cd;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.translate.WalkObserver;
import java.util.ArrayList;
import java.util.List;

/**
 * Draws the steps of a translation as they are taken. A stage-2 walk that finds a stage-1 table or a CD comes before
 * the read that it serves, and is folded under that, in few words unless it fails.
 */
final class WalkTree implements WalkObserver {
    private final Branch streamTable = new Branch("stream table", "", "");
    private final Branch context = new Branch("context descriptor", "", "");
    private final List<Branch> walks = new ArrayList<>();
    /** The stage-2 walk of an address whose read has not been reported yet. */
    private Branch folded;
    /** What is left unsaid if the folded walk succeeds: attributes of its last descriptor. */
    private List<InspectNode> unsaid = List.of();

    private Branch unsaidOf;
    private Branch stage1;
    private Branch stage2;
    private Branch stage2Home;
    private boolean sawContext;
    private long mair;

    @Override
    public void level1StreamTableDescriptor(int index, long address, long descriptor) {
        long[] word = {descriptor};
        var step = new Branch("L1STD[0x%x]".formatted(index), hex(descriptor), "at 0x%x".formatted(address));
        step.add(Branch.of(InspectNode.number("Span", L1Std.SPAN.get(word))
                .withNote(Meanings.of(L1Std.SPAN, L1Std.SPAN.get(word)))));
        step.add(Branch.of(InspectNode.hex("L2Ptr", L1Std.L2PTR.inPlace(word))));
        streamTable.add(step);
    }

    @Override
    public void streamTableEntry(int streamId, long address, long[] words) {
        var step = new Branch("STE[0x%x]".formatted(streamId), "", "at 0x%x".formatted(address));
        step.addAll(Structures.streamTableEntry(words));
        streamTable.add(step);
    }

    @Override
    public void level1ContextDescriptor(int index, long address, long descriptor) {
        long[] word = {descriptor};
        var step = new Branch("L1CD[0x%x]".formatted(index), hex(descriptor), "at 0x%x".formatted(address));
        step.add(Branch.of(InspectNode.number("V", L1Cd.V.get(word))));
        step.add(Branch.of(InspectNode.hex("L2Ptr", L1Cd.L2PTR.inPlace(word))));
        takeFolded(step);
        context.add(step);
    }

    @Override
    public void contextDescriptor(int index, long address, long[] words) {
        sawContext = true;
        mair = Cd.MAIR.get(words);
        var step = new Branch("CD[0x%x]".formatted(index), "", "at 0x%x".formatted(address));
        takeFolded(step);
        step.addAll(Structures.contextDescriptor(words));
        context.add(step);
    }

    @Override
    public void walkBegins(int stage, Purpose purpose, long address, long table) {
        if (stage == 1) {
            stage1 = new Branch("stage 1", "0x%x".formatted(address), "table at 0x%x".formatted(table));
            walks.add(stage1);
            return;
        }
        String what = switch (purpose) {
            case INPUT -> "stage 2";
            case CONTEXT_DESCRIPTOR -> "stage 2 of CD";
            case TABLE_DESCRIPTOR -> "stage 2 of table";
        };
        if (purpose == Purpose.INPUT) {
            stage2 = new Branch(what, "0x%x".formatted(address), "table at 0x%x".formatted(table));
            walks.add(stage2);
        } else {
            stage2 = new Branch(what, "0x%x".formatted(address), "");
            folded = stage2;
            stage2Home = purpose == Purpose.TABLE_DESCRIPTOR ? stage1 : context;
        }
    }

    @Override
    public void descriptor(int stage, int level, long index, long address, long descriptor, DescriptorKind kind) {
        String what = switch (kind) {
            case INVALID -> "invalid";
            case RESERVED -> "reserved";
            case TABLE -> "table";
            case BLOCK -> "block";
            case PAGE -> "page";
        };
        var step = new Branch(
                "level %d".formatted(level),
                hex(descriptor),
                "%s, entry 0x%x at 0x%x".formatted(what, index, address));
        if (stage == 1) {
            takeFolded(step);
        }
        List<InspectNode> attributes = Descriptors.attributes(stage, kind, descriptor, mair);
        if (stage == 2 && folded != null) {
            unsaid = attributes;
            unsaidOf = step;
        } else {
            step.addAll(attributes);
        }
        Branch walk = stage == 1 ? stage1 : stage2;
        if (walk != null) {
            walk.add(step);
        }
    }

    @Override
    public void walkEnds(int stage, long output, int pageShift, boolean readable, boolean writable) {
        Branch walk = stage == 1 ? stage1 : stage2;
        if (walk != null && walk == folded) {
            unsaid = List.of();
            walk.extendNote("gives 0x%x".formatted(output));
        } else if (walk != null) {
            walk.extendNote("gives 0x%x, %s, %s".formatted(output, size(pageShift), access(readable, writable)));
        }
    }

    private void takeFolded(Branch step) {
        if (folded != null) {
            step.add(folded);
            folded = null;
        }
    }

    /** {@return whether a CD was read} */
    boolean sawContext() {
        return sawContext;
    }

    /** {@return the steps that lead to the STE} */
    InspectNode streamTable() {
        return streamTable.grown();
    }

    /** {@return the steps that lead to the CD} */
    InspectNode context() {
        settle();
        return context.grown();
    }

    /** {@return everything that was drawn, in order} */
    List<InspectNode> steps() {
        settle();
        var steps = new ArrayList<InspectNode>();
        for (Branch branch : List.of(streamTable, context)) {
            InspectNode node = branch.grown();
            if (!node.children().isEmpty()) {
                steps.add(node);
            }
        }
        walks.forEach(walk -> steps.add(walk.grown()));
        return steps;
    }

    /** A stage-2 walk whose read never came stays where the translation ended. */
    private void settle() {
        if (folded != null) {
            if (unsaidOf != null) {
                unsaidOf.addAll(unsaid);
                unsaid = List.of();
            }
            (stage2Home == null ? context : stage2Home).add(folded);
            folded = null;
        }
    }

    static String access(boolean readable, boolean writable) {
        return readable ? writable ? "read and write" : "read-only" : writable ? "write-only" : "no access";
    }

    static String size(int shift) {
        return shift >= 64
                ? "everything"
                : shift >= 30
                        ? (1L << shift - 30) + " GiB"
                        : shift >= 20 ? (1L << shift - 20) + " MiB" : (1L << Math.max(shift - 10, 0)) + " KiB";
    }

    private static String hex(long word) {
        return "0x%016x".formatted(word);
    }
}
