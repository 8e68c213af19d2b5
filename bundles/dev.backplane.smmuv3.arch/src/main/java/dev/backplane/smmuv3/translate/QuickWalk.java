package dev.backplane.smmuv3.translate;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;

/**
 * The usual miss: a page or block that allows the access, below tables that are all there. It reads descriptors, of the
 * last level alone where the walk cache knows the table, and does nothing else; whatever is unusual (a fault, 52 address
 * bits) is left to the walkers, which begin anew: a fault and its event are those of one walk, whatever this one read
 * before. Thread-safe.
 *
 * <p>A leaf is one word here, so that nothing is allocated on the way: the descriptor, with its level in bits [49:48]
 * and what the tables before it impose in the bits {@link Stage1Walker#HIERARCHICAL}, none of which mean anything in a
 * leaf of 48 address bits.
 */
final class QuickWalk {
    /** A valid page whose access flag is set. */
    private static final long PAGE =
            TableDescriptor.VALID.mask() | TableDescriptor.TYPE.mask() | TableDescriptor.AF.mask();

    /** A valid block whose access flag is set, in these bits. */
    private static final long BLOCK = TableDescriptor.VALID.mask() | TableDescriptor.AF.mask();

    private static final int LAST_LEVEL = 3;
    private static final int LEVEL_SHIFT = 48;
    private static final int LEVEL_MASK = 3;

    /** What is not the descriptor's in the word of a leaf. */
    private static final long ADDED = Stage1Walker.HIERARCHICAL | (long) LEVEL_MASK << LEVEL_SHIFT;

    /** Address bits of a descriptor; those that a page or block does not count are below all output sizes. */
    private static final long ADDRESS = (1L << LEVEL_SHIFT) - (1L << 12);

    private static final int ALL = Permissions.READ | Permissions.WRITE;

    /** A valid table. */
    private static final long TABLE = TableDescriptor.VALID.mask() | TableDescriptor.TYPE.mask();

    /** Stands for a leaf that is for the walkers; no valid one is like it. */
    private static final long UNUSUAL = 0;

    /** Stands for the address of such a descriptor. */
    private static final long NOWHERE = -1;

    private final DmaPort tables;
    /** Null without walk cache. */
    private final WalkCache pointers;

    private final Stage2Walker stage2Walker;

    QuickWalk(DmaPort tables, WalkCache pointers, Stage2Walker stage2Walker) {
        this.tables = tables;
        this.pointers = pointers;
        this.stage2Walker = stage2Walker;
    }

    /**
     * {@return the mapping of the page or block around an address of a context, or null to walk}
     *
     * @param entryEra of the context's TLB entries
     * @param era of the context's table pointers
     * @param input canonical input address
     * @param wanted {@link Permissions#READ} or {@link Permissions#WRITE}
     * @param requester see {@link MicroTlb#requester}
     */
    TlbEntry translate(
            TransactionContext context, Era entryEra, Era era, long input, int variant, int wanted, long requester) {
        TranslationContext space = era.context;
        if (space.stage1 == null) {
            // The IPAs that S2T0SZ allows are no larger than those that may come in.
            return stage2(context, entryEra, era, input, input, Long.SIZE - 1, variant, wanted, ALL, space.key.input(),
                    false, requester);
        }
        PageRules rules = input < 0 ? space.upperRules : space.lowerRules;
        if (rules == null) {
            return null;
        }
        long leaf = stage1Leaf(context, era, rules, input);
        int shift = shift(rules.geometry, leaf);
        long output = address(leaf, shift);
        int allowed = Permissions.stage1(rules.stage1, variant, leaf, leaf);
        if (leaf == UNUSUAL || (allowed & wanted) == 0) {
            return null;
        }
        MemoryAttributes attributes =
                rules.attributes(TableDescriptor.ATTR_INDX.getInt(leaf), TableDescriptor.SH.getInt(leaf));
        boolean global = !TableDescriptor.NG.isSet(leaf);
        if (space.stage2 != null) {
            long ipa = output | input & (1L << shift) - 1;
            return stage2(context, entryEra, era, input, ipa, shift, variant, wanted, allowed, attributes, global,
                    requester);
        }
        return entry(entryEra, variant, global, input, output, shift, allowed, attributes, requester);
    }

    private TlbEntry stage2(
            TransactionContext context,
            Era entryEra,
            Era era,
            long input,
            long ipa,
            int stage1Shift,
            int variant,
            int wanted,
            int stage1Allowed,
            MemoryAttributes before,
            boolean global,
            long requester) {
        Stage2Config stage2 = era.context.stage2;
        long leaf = stage2Leaf(context, era, ipa);
        int allowed = stage1Allowed & stage2Walker.permissions(leaf, variant);
        if (leaf == UNUSUAL || (allowed & wanted) == 0) {
            return null;
        }
        MemoryAttributes attributes = AttributeRules.combine(
                before,
                TableDescriptor.MEMATTR.getInt(leaf),
                TableDescriptor.SH.getInt(leaf),
                stage2.forcedWriteBack());
        int shift = Math.min(stage1Shift, shift(stage2.geometry(), leaf));
        return entry(entryEra, variant, global, input, output(stage2, leaf, ipa), shift, allowed, attributes,
                requester);
    }

    private long stage1Leaf(TransactionContext context, Era era, PageRules rules, long input) {
        WalkCache.TablePointer known = pointer(era, 1, rules.pageShift, input);
        if (known != null) {
            long descriptor = load(context, known.descriptor(input >>> rules.pageShift));
            return page(rules.geometry, descriptor, known.hierarchy());
        }
        // Bits above those that the tables resolve must tell the half.
        return input >> rules.geometry.inputBits() == input >> 63 ? descendStage1(context, era, rules, input) : UNUSUAL;
    }

    /** {@return the stage 1 leaf below the first table, or {@link #UNUSUAL}} */
    private long descendStage1(TransactionContext context, Era era, PageRules rules, long input) {
        TableGeometry geometry = rules.geometry;
        boolean nested = era.context.stage2 != null;
        long table = geometry.base();
        long hierarchy = 0;
        for (int level = geometry.startLevel(); ; level++) {
            long place = table + geometry.index(input, level) * 8;
            if (nested) {
                place = throughStage2(context, era, place);
                if (place == NOWHERE) {
                    return UNUSUAL;
                }
            }
            if (level == LAST_LEVEL) {
                remember(era, 1, geometry, input, place, hierarchy);
                return page(geometry, load(context, place), hierarchy);
            }
            long descriptor = load(context, place);
            if ((descriptor & TABLE) != TABLE) {
                return block(geometry, descriptor, level, hierarchy);
            }
            table = geometry.nextTable(descriptor);
            if (geometry.exceedsOutput(table)) {
                return UNUSUAL;
            }
            hierarchy |= descriptor & rules.hierarchyMask;
        }
    }

    private long stage2Leaf(TransactionContext context, Era era, long ipa) {
        TableGeometry geometry = era.context.stage2.geometry();
        if (geometry.wide() || ipa >>> geometry.inputBits() != 0) {
            return UNUSUAL;
        }
        int pageShift = geometry.granule().shift();
        WalkCache.TablePointer known = pointer(era, 2, pageShift, ipa);
        return known != null
                ? page(geometry, load(context, known.descriptor(ipa >>> pageShift)), 0)
                : descendStage2(context, era, geometry, ipa);
    }

    /** {@return the stage 2 leaf below the first table, or {@link #UNUSUAL}} */
    private long descendStage2(TransactionContext context, Era era, TableGeometry geometry, long ipa) {
        long table = geometry.base();
        for (int level = geometry.startLevel(); ; level++) {
            long place = table + geometry.index(ipa, level) * 8;
            long descriptor = load(context, place);
            if (level == LAST_LEVEL) {
                remember(era, 2, geometry, ipa, place, 0);
                return page(geometry, descriptor, 0);
            }
            if ((descriptor & TABLE) != TABLE) {
                return block(geometry, descriptor, level, 0);
            }
            table = geometry.nextTable(descriptor);
            if (geometry.exceedsOutput(table)) {
                return UNUSUAL;
            }
        }
    }

    private void remember(Era era, int stage, TableGeometry geometry, long input, long place, long hierarchy) {
        if (pointers != null && geometry.startLevel() != LAST_LEVEL) {
            pointers.insert(era, stage, geometry.granule().shift(), input, place, hierarchy);
        }
    }

    /** {@return the word of a page, or {@link #UNUSUAL} if the last-level descriptor is none that translates} */
    private static long page(TableGeometry geometry, long descriptor, long hierarchy) {
        return (descriptor & PAGE) == PAGE && !geometry.exceedsOutput(descriptor & ADDRESS)
                ? descriptor & ~ADDED | (long) LAST_LEVEL << LEVEL_SHIFT | hierarchy
                : UNUSUAL;
    }

    /** {@return the word of a block, or {@link #UNUSUAL} if the descriptor before the last level is none} */
    private static long block(TableGeometry geometry, long descriptor, int level, long hierarchy) {
        return (descriptor & BLOCK) == BLOCK
                        && geometry.kind(descriptor, level) == DescriptorKind.BLOCK
                        && !geometry.exceedsOutput(descriptor & ADDRESS)
                ? descriptor & ~ADDED | (long) level << LEVEL_SHIFT | hierarchy
                : UNUSUAL;
    }

    /** {@return log2 of the size of what a leaf maps} */
    private static int shift(TableGeometry geometry, long leaf) {
        return geometry.granule().levelShift((int) (leaf >>> LEVEL_SHIFT) & LEVEL_MASK);
    }

    private static long address(long leaf, int shift) {
        return leaf & ADDRESS & -(1L << shift);
    }

    /** {@return the physical address of a stage 1 descriptor, or {@link #NOWHERE}} */
    private long throughStage2(TransactionContext context, Era era, long ipa) {
        Stage2Config stage2 = era.context.stage2;
        long leaf = stage2Leaf(context, era, ipa);
        return TableDescriptor.S2AP_READ.isSet(leaf) && !stage2.protectedWalk()
                ? output(stage2, leaf, ipa)
                : NOWHERE;
    }

    private static long output(Stage2Config stage2, long leaf, long ipa) {
        int shift = shift(stage2.geometry(), leaf);
        return address(leaf, shift) | ipa & (1L << shift) - 1;
    }

    private WalkCache.TablePointer pointer(Era era, int stage, int pageShift, long input) {
        return pointers == null ? null : pointers.find(era, stage, pageShift, input);
    }

    /** {@return a descriptor; what memory does not answer is {@link #UNUSUAL} too} */
    private long load(TransactionContext context, long address) {
        return tables.load64(context, address).isDone() ? context.data() : UNUSUAL;
    }

    private static TlbEntry entry(
            Era era,
            int variant,
            boolean global,
            long input,
            long output,
            int shift,
            int allowed,
            MemoryAttributes attributes,
            long requester) {
        long mask = (1L << shift) - 1;
        var mapped = new Translation.Mapped(
                input & ~mask,
                output & ~mask,
                mask,
                (allowed & Permissions.READ) != 0,
                (allowed & Permissions.WRITE) != 0,
                attributes);
        return new TlbEntry(era, variant, global, mapped, requester);
    }
}
