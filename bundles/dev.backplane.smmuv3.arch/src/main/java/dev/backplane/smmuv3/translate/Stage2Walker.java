package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;
import dev.backplane.smmuv3.translate.WalkObserver.Purpose;

/**
 * Walks stage 2 tables (DDI 0487 section D8.2; IHI 0070 section 7.3.22 for the order of faults). Stateless but for the
 * capabilities.
 */
final class Stage2Walker {
    private final boolean executeNeverX;

    Stage2Walker(SmmuCapabilities capabilities) {
        this.executeNeverX = capabilities.executeNeverX();
    }

    /**
     * Translates an IPA and checks that the access may be done.
     *
     * @param faultClass what the IPA belongs to; for all but IN the access is a data read of the SMMU
     * @return whether {@code walk.stage2*} hold the result; else the fault is described, and {@code walk.stage2Shift} is
     *     the size of the aligned IPAs that the same descriptor, or the range of S2T0SZ, refuses
     */
    boolean translate(Walk walk, Stage2Config stage2, long ipa, FaultClass faultClass) {
        TableGeometry geometry = stage2.geometry();
        if (walk.observer != null) {
            walk.observer.walkBegins(2, purpose(faultClass), ipa, geometry.base());
        }
        if (ipa >>> geometry.inputBits() != 0) {
            walk.stage2Shift = geometry.inputBits();
            return walk.stage2Fault(
                    EventType.F_TRANSLATION, stage2, faultClass, ipa, "the IPA is outside the range of S2T0SZ");
        }
        long table = geometry.base();
        int level = geometry.startLevel();
        WalkCache.TablePointer known = walk.pointer(2, geometry, ipa);
        if (known != null) {
            level = 3;
        }
        for (; ; level++) {
            long index = geometry.index(ipa, level);
            long address = table + index * 8;
            if (known != null) {
                address = known.descriptor(index);
            } else {
                walk.remember(2, geometry, level, ipa, address, 0);
            }
            if (!walk.load(address)) {
                walk.stage2Shift = geometry.granule().levelShift(level);
                return walk.walkAbort(true, faultClass, address);
            }
            long descriptor = walk.loaded;
            DescriptorKind kind = geometry.kind(descriptor, level);
            if (walk.observer != null) {
                walk.observer.descriptor(2, level, index, address, descriptor, kind);
            }
            switch (kind) {
                case INVALID, RESERVED -> {
                    walk.stage2Shift = geometry.granule().levelShift(level);
                    return walk.stage2Fault(
                            EventType.F_TRANSLATION, stage2, faultClass, ipa, "the stage 2 descriptor is invalid");
                }
                case TABLE -> {
                    table = geometry.nextTable(descriptor);
                    if (geometry.exceedsOutput(table)) {
                        walk.stage2Shift = geometry.granule().levelShift(level);
                        return walk.stage2Fault(
                                EventType.F_ADDR_SIZE, stage2, faultClass, ipa, "the next table exceeds S2PS");
                    }
                }
                case BLOCK, PAGE -> {
                    return leaf(walk, stage2, ipa, faultClass, descriptor, level);
                }
            }
        }
    }

    private boolean leaf(
            Walk walk, Stage2Config stage2, long ipa, FaultClass faultClass, long descriptor, int level) {
        TableGeometry geometry = stage2.geometry();
        int shift = geometry.granule().levelShift(level);
        walk.stage2Shift = shift;
        long output = geometry.output(descriptor, level);
        if (geometry.exceedsOutput(output)) {
            return walk.stage2Fault(
                    EventType.F_ADDR_SIZE, stage2, faultClass, ipa, "the stage 2 output address exceeds S2PS");
        }
        if (!TableDescriptor.AF.isSet(descriptor) && !stage2.accessFlagFaultDisabled()) {
            return walk.stage2Fault(EventType.F_ACCESS, stage2, faultClass, ipa, "the stage 2 access flag is 0");
        }
        walk.stage2Output = output | ipa & (1L << shift) - 1;
        walk.stage2MemAttr = TableDescriptor.MEMATTR.getInt(descriptor);
        walk.stage2Sh = TableDescriptor.SH.getInt(descriptor);
        // For its own purposes the SMMU reads data.
        int allowed = permissions(descriptor, Permissions.variant(
                walk.privileged, walk.instruction && faultClass == FaultClass.IN));
        walk.stage2Readable = (allowed & Permissions.READ) != 0;
        walk.stage2Writable = (allowed & Permissions.WRITE) != 0;
        boolean reads = faultClass != FaultClass.IN || walk.access.isRead();
        if (!(reads ? walk.stage2Readable : walk.stage2Writable)) {
            return walk.stage2Fault(
                    EventType.F_PERMISSION, stage2, faultClass, ipa, "stage 2 does not allow the access");
        }
        if (faultClass != FaultClass.IN && stage2.protectedWalk()
                && AttributeRules.isStage2Device(walk.stage2MemAttr, stage2.forcedWriteBack())) {
            return walk.stage2Fault(
                    EventType.F_PERMISSION, stage2, faultClass, ipa, "S2PTW forbids walks to Device memory");
        }
        if (walk.observer != null) {
            walk.observer.walkEnds(2, walk.stage2Output, shift, walk.stage2Readable, walk.stage2Writable);
        }
        return true;
    }

    /** {@return what a leaf allows to a variant of transactions, as {@link Permissions}} */
    int permissions(long descriptor, int variant) {
        boolean readable = (variant & Permissions.INSTRUCTION) == 0
                ? TableDescriptor.S2AP_READ.isSet(descriptor)
                : executable(descriptor, (variant & Permissions.PRIVILEGED) != 0);
        return (readable ? Permissions.READ : 0)
                | (TableDescriptor.S2AP_WRITE.isSet(descriptor) ? Permissions.WRITE : 0);
    }

    private boolean executable(long descriptor, boolean privileged) {
        int xn = TableDescriptor.XN.getInt(descriptor);
        if (!executeNeverX) {
            return (xn & 0b10) == 0;
        }
        return switch (xn) {
            case 0b00 -> true;
            case 0b01 -> !privileged;
            case 0b10 -> false;
            default -> privileged;
        };
    }

    private static Purpose purpose(FaultClass faultClass) {
        return switch (faultClass) {
            case CD -> Purpose.CONTEXT_DESCRIPTOR;
            case TT -> Purpose.TABLE_DESCRIPTOR;
            case IN -> Purpose.INPUT;
        };
    }
}
