package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.ContextConfig.Stage1;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;
import dev.backplane.smmuv3.translate.WalkObserver.Purpose;

/**
 * Walks stage 1 tables, through stage 2 where that translates (DDI 0487 section D8.2; IHI 0070 section 7.3.22 for the
 * order of faults). Stateless.
 */
final class Stage1Walker {
    /** Attributes that a table imposes on all below it. */
    static final long HIERARCHICAL = TableDescriptor.PXN_TABLE.mask()
            | TableDescriptor.UXN_TABLE.mask()
            | TableDescriptor.AP_TABLE0.mask()
            | TableDescriptor.AP_TABLE1.mask();

    private final Stage2Walker stage2Walker;

    Stage1Walker(Stage2Walker stage2Walker) {
        this.stage2Walker = stage2Walker;
    }

    /**
     * Translates the input address and checks that the access may be done.
     *
     * @param stage2 translates the addresses of tables, or null
     * @return whether {@code walk.stage1*} hold the result; else the fault is described
     */
    boolean translate(Walk walk, Stage1 stage1, Stage2Config stage2) {
        long va = stage1.canonical(walk.iova);
        boolean upper = (va >>> 55 & 1) != 0;
        Stage1Table half = upper ? stage1.upper() : stage1.lower();
        if (walk.observer != null) {
            walk.observer.walkBegins(
                    1, Purpose.INPUT, walk.iova, half == null ? 0 : half.geometry().base());
        }
        if (half == null) {
            return walk.stage1Fault(
                    EventType.F_TRANSLATION, stage1, upper ? "TTB1 is disabled (EPD1)" : "TTB0 is disabled (EPD0)");
        }
        TableGeometry geometry = half.geometry();
        if (va >> geometry.inputBits() != (upper ? -1L : 0L)) {
            return walk.stage1Fault(
                    EventType.F_TRANSLATION, stage1, "the input address is outside the range of %s".formatted(
                            upper ? "T1SZ" : "T0SZ"));
        }
        if (half.unprivilegedDisabled() && !walk.privileged) {
            return walk.stage1Fault(EventType.F_TRANSLATION, stage1, "unprivileged access is disabled (E0PD)");
        }
        return descend(walk, stage1, stage2, half, va);
    }

    private boolean descend(Walk walk, Stage1 stage1, Stage2Config stage2, Stage1Table half, long va) {
        TableGeometry geometry = half.geometry();
        long table = geometry.base();
        long hierarchy = 0;
        int level = geometry.startLevel();
        WalkCache.TablePointer known = walk.pointer(1, geometry, va);
        if (known != null) {
            hierarchy = known.hierarchy();
            level = 3;
        }
        for (; ; level++) {
            long index = geometry.index(va, level);
            long address = table + index * 8;
            if (known != null) {
                address = known.descriptor(index);
            } else {
                if (stage2 != null) {
                    if (!stage2Walker.translate(walk, stage2, address, FaultClass.TT)) {
                        return false;
                    }
                    address = walk.stage2Output;
                }
                walk.remember(1, geometry, level, va, address, hierarchy);
            }
            if (!walk.load(address)) {
                return walk.walkAbort(false, FaultClass.TT, address);
            }
            long descriptor = walk.loaded;
            DescriptorKind kind = geometry.kind(descriptor, level);
            if (walk.observer != null) {
                walk.observer.descriptor(1, level, index, address, descriptor, kind);
            }
            switch (kind) {
                case INVALID, RESERVED -> {
                    return walk.stage1Fault(EventType.F_TRANSLATION, stage1, "the stage 1 descriptor is invalid");
                }
                case TABLE -> {
                    table = geometry.nextTable(descriptor);
                    if (geometry.exceedsOutput(table)) {
                        return walk.stage1Fault(EventType.F_ADDR_SIZE, stage1, "the next table exceeds IPS");
                    }
                    if (!half.hierarchicalDisabled()) {
                        hierarchy |= descriptor & HIERARCHICAL;
                    }
                }
                case BLOCK, PAGE -> {
                    return leaf(walk, stage1, geometry, va, descriptor, level, hierarchy);
                }
            }
        }
    }

    private static boolean leaf(
            Walk walk, Stage1 stage1, TableGeometry geometry, long va, long descriptor, int level, long hierarchy) {
        long output = geometry.output(descriptor, level);
        if (geometry.exceedsOutput(output)) {
            return walk.stage1Fault(EventType.F_ADDR_SIZE, stage1, "the stage 1 output address exceeds IPS");
        }
        if (!TableDescriptor.AF.isSet(descriptor) && !stage1.accessFlagFaultDisabled()) {
            return walk.stage1Fault(EventType.F_ACCESS, stage1, "the stage 1 access flag is 0");
        }
        int shift = geometry.granule().levelShift(level);
        walk.stage1Output = output | va & (1L << shift) - 1;
        walk.stage1Shift = shift;
        walk.stage1Global = !TableDescriptor.NG.isSet(descriptor);
        walk.stage1Attributes = AttributeRules.stage1(
                stage1.mair(), TableDescriptor.ATTR_INDX.getInt(descriptor), TableDescriptor.SH.getInt(descriptor));
        int allowed = Permissions.stage1(
                stage1, Permissions.variant(walk.privileged, walk.instruction), descriptor, hierarchy);
        walk.stage1Readable = (allowed & Permissions.READ) != 0;
        walk.stage1Writable = (allowed & Permissions.WRITE) != 0;
        if (!(walk.access.isRead() ? walk.stage1Readable : walk.stage1Writable)) {
            return walk.stage1Fault(EventType.F_PERMISSION, stage1, "stage 1 does not allow the access");
        }
        if (walk.observer != null) {
            walk.observer.walkEnds(1, walk.stage1Output, shift, walk.stage1Readable, walk.stage1Writable);
        }
        return true;
    }
}
