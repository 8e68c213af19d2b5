package dev.backplane.smmuv3.translate;

import dev.backplane.inspect.IommuInspection.LeafMapping;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.TableDescriptor;
import java.util.function.Consumer;

/**
 * Lists all leaf mappings of an address space from its tables. Descriptors that translate nothing (invalid, reserved,
 * unreadable, beyond the address size) are passed over; leaves whose access flag is 0 are listed without permissions.
 */
final class LeafEnumerator {
    private static final int MOST_LEAVES = 1 << 22;

    /** Tables can point at themselves: the entries of tables, and the pieces of leaves, that are looked at are bounded. */
    private static final int MOST_STEPS = 1 << 24;

    private final Stage2Walker stage2Walker;

    LeafEnumerator(Stage2Walker stage2Walker) {
        this.stage2Walker = stage2Walker;
    }

    /** {@return whether all there are were listed} */
    boolean enumerate(Walk walk, TranslationContext space, Consumer<LeafMapping> visitor) {
        var listing = new Listing(walk, space, visitor);
        if (space.stage1 == null) {
            TableGeometry geometry = space.stage2.geometry();
            listing.table(geometry, null, geometry.base(), geometry.startLevel(), 0, 0);
            return !listing.cut;
        }
        half(listing, space.stage1.lower(), 0);
        if (space.stage1.upper() != null) {
            half(listing, space.stage1.upper(), -1L << space.stage1.upper().geometry().inputBits());
        }
        return !listing.cut;
    }

    private static void half(Listing listing, Stage1Table half, long first) {
        if (half != null) {
            TableGeometry geometry = half.geometry();
            listing.table(geometry, half, geometry.base(), geometry.startLevel(), first, 0);
        }
    }

    /** One run over the tables. */
    private final class Listing {
        private final Walk walk;
        private final TranslationContext space;
        private final Consumer<LeafMapping> visitor;
        private int left = MOST_LEAVES;
        private int steps = MOST_STEPS;
        private boolean cut;

        Listing(Walk walk, TranslationContext space, Consumer<LeafMapping> visitor) {
            this.walk = walk;
            this.space = space;
            this.visitor = visitor;
        }

        /** {@return whether one more entry or piece may be looked at} */
        private boolean goesOn() {
            cut |= left == 0 || steps == 0;
            steps--;
            return !cut;
        }

        /** Lists a table; {@code half} is null for the tables of a stream without stage 1. */
        void table(TableGeometry geometry, Stage1Table half, long table, int level, long first, long hierarchy) {
            long entries = geometry.entries(level);
            int shift = geometry.granule().levelShift(level);
            for (long index = 0; index < entries && goesOn(); index++) {
                long address = table + index * 8;
                if (half != null && space.stage2 != null) {
                    if (!stage2Walker.translate(walk, space.stage2, address, FaultClass.TT)) {
                        continue;
                    }
                    address = walk.stage2Output;
                }
                if (!walk.load(address)) {
                    continue;
                }
                long descriptor = walk.loaded;
                long input = first + (index << shift);
                switch (geometry.kind(descriptor, level)) {
                    case TABLE -> {
                        long next = geometry.nextTable(descriptor);
                        if (!geometry.exceedsOutput(next)) {
                            table(geometry, half, next, level + 1, input, hierarchy | descriptor);
                        }
                    }
                    case BLOCK, PAGE -> leaf(geometry, half, input, level, address, descriptor, hierarchy);
                    default -> { }
                }
            }
        }

        private void leaf(
                TableGeometry geometry,
                Stage1Table half,
                long input,
                int level,
                long address,
                long descriptor,
                long hierarchy) {
            long output = geometry.output(descriptor, level);
            if (geometry.exceedsOutput(output)) {
                return;
            }
            long size = 1L << geometry.granule().levelShift(level);
            int variant = Permissions.variant(walk.privileged, walk.instruction);
            if (half == null) {
                boolean usable = TableDescriptor.AF.isSet(descriptor) || space.stage2.accessFlagFaultDisabled();
                int allowed = stage2Walker.permissions(descriptor, variant);
                visit(input, output, size, usable && (allowed & Permissions.READ) != 0,
                        usable && (allowed & Permissions.WRITE) != 0, level, address, descriptor);
                return;
            }
            boolean usable = TableDescriptor.AF.isSet(descriptor) || space.stage1.accessFlagFaultDisabled();
            int allowed = Permissions.stage1(
                    space.stage1,
                    variant,
                    descriptor,
                    half.hierarchicalDisabled() ? 0 : hierarchy);
            boolean readable = usable && (allowed & Permissions.READ) != 0;
            boolean writable = usable && (allowed & Permissions.WRITE) != 0;
            if (space.stage2 == null) {
                visit(input, output, size, readable, writable, level, address, descriptor);
                return;
            }
            for (long offset = 0; offset < size && goesOn(); ) {
                long ipa = output + offset;
                boolean mapped = stage2Walker.translate(walk, space.stage2, ipa, FaultClass.IN);
                // A stage 2 page that refuses reads may still take writes.
                mapped |= !mapped && walk.event.type() == EventType.F_PERMISSION;
                long piece = Math.min(size - offset, (ipa | (1L << walk.stage2Shift) - 1) + 1 - ipa);
                if (mapped) {
                    visit(input + offset, walk.stage2Output, piece, readable && walk.stage2Readable,
                            writable && walk.stage2Writable, level, address, descriptor);
                }
                offset += piece;
            }
        }

        private void visit(
                long input,
                long output,
                long size,
                boolean readable,
                boolean writable,
                int level,
                long address,
                long descriptor) {
            left--;
            visitor.accept(new LeafMapping(
                    input, output, size, readable, writable, level, Math.max(0, space.asid()), space.vmid, address,
                    descriptor));
        }
    }
}
