package dev.backplane.smmuv3.explain;

import dev.backplane.inspect.InspectNode;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;
import java.util.ArrayList;
import java.util.List;

/** Shows the attributes of translation table descriptors (DDI 0487 section D8.3). */
final class Descriptors {
    private static final String[] DEVICE = {"nGnRnE", "nGnRE", "nGRE", "GRE"};

    private Descriptors() {}

    /**
     * {@return the attributes of a descriptor by field}
     *
     * @param stage 1 or 2
     * @param mair the CD's MAIR, which a stage-1 leaf points into
     */
    static List<InspectNode> attributes(int stage, DescriptorKind kind, long descriptor, long mair) {
        return switch (kind) {
            case INVALID, RESERVED -> List.of();
            case TABLE -> stage == 1 ? set(TableDescriptor.STAGE1_TABLE, descriptor) : List.of();
            case BLOCK, PAGE -> stage == 1 ? stage1Leaf(descriptor, mair) : stage2Leaf(descriptor);
        };
    }

    private static List<InspectNode> stage1Leaf(long descriptor, long mair) {
        int index = TableDescriptor.ATTR_INDX.getInt(descriptor);
        int attribute = (int) (mair >>> 8 * index) & 0xFF;
        String access = TableDescriptor.AP2.isSet(descriptor) ? "read-only" : "read and write";
        String who = TableDescriptor.AP1.isSet(descriptor) ? "any privilege" : "privileged only";
        var nodes = new ArrayList<InspectNode>();
        nodes.add(InspectNode.number("AttrIndx", index)
                .withNote("MAIR byte 0x%02x: %s".formatted(attribute, memoryType(attribute))));
        nodes.add(InspectNode.number(
                        "AP[2:1]", (TableDescriptor.AP2.get(descriptor) << 1) | TableDescriptor.AP1.get(descriptor))
                .withNote(access + ", " + who));
        addCommon(nodes, descriptor);
        nodes.add(flag(TableDescriptor.NG, descriptor, "entries are tagged with the ASID", "global: matches any ASID"));
        nodes.addAll(set(
                List.of(TableDescriptor.DBM, TableDescriptor.CONTIGUOUS, TableDescriptor.PXN, TableDescriptor.UXN),
                descriptor));
        return nodes;
    }

    private static List<InspectNode> stage2Leaf(long descriptor) {
        boolean readable = TableDescriptor.S2AP_READ.isSet(descriptor);
        boolean writable = TableDescriptor.S2AP_WRITE.isSet(descriptor);
        var nodes = new ArrayList<InspectNode>();
        nodes.add(InspectNode.hex("MemAttr", TableDescriptor.MEMATTR.get(descriptor)));
        nodes.add(InspectNode.number("S2AP", (writable ? 2 : 0) + (readable ? 1 : 0))
                .withNote(WalkTree.access(readable, writable)));
        addCommon(nodes, descriptor);
        nodes.addAll(
                set(List.of(TableDescriptor.DBM, TableDescriptor.CONTIGUOUS, TableDescriptor.XN), descriptor));
        return nodes;
    }

    private static void addCommon(List<InspectNode> nodes, long descriptor) {
        String[] domains = {"non-shareable", "reserved", "outer shareable", "inner shareable"};
        int shareability = TableDescriptor.SH.getInt(descriptor);
        nodes.add(InspectNode.number("SH", shareability).withNote(domains[shareability]));
        nodes.add(flag(TableDescriptor.AF, descriptor, "accessed", "not accessed yet"));
    }

    private static InspectNode flag(BitField field, long descriptor, String whenSet, String whenClear) {
        return InspectNode.number(field.name(), field.get(descriptor))
                .withNote(field.isSet(descriptor) ? whenSet : whenClear);
    }

    private static List<InspectNode> set(List<BitField> fields, long descriptor) {
        var nodes = new ArrayList<InspectNode>();
        for (BitField field : fields) {
            if (field.isSet(descriptor)) {
                nodes.add(InspectNode.hex(field.name(), field.get(descriptor)));
            }
        }
        return nodes;
    }

    /** {@return the memory type of a MAIR byte (DDI 0487, MAIR_ELx)} */
    static String memoryType(int attribute) {
        if ((attribute & 0xF0) == 0) {
            return "Device-" + DEVICE[attribute >>> 2 & 3];
        }
        String outer = cacheability(attribute >>> 4);
        String inner = cacheability(attribute & 0xF);
        return outer.equals(inner) ? "Normal, " + inner : "Normal, inner %s, outer %s".formatted(inner, outer);
    }

    private static String cacheability(int nibble) {
        return (nibble & 0xC) == 4 && (nibble & 3) == 0
                ? "non-cacheable"
                : (nibble & 4) == 0 ? "write-through" : "write-back";
    }
}
