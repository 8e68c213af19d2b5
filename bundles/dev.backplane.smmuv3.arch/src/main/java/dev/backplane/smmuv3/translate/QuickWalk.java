package dev.backplane.smmuv3.translate;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.TableDescriptor;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;
import dev.backplane.smmuv3.translate.WalkObserver.DescriptorKind;

/**
 * The usual miss: a page that allows the access, below tables that are all there. It reads descriptors, of the last
 * level alone where the walk cache knows the table, and does nothing else; whatever is unusual (a block, a fault, 52
 * address bits) is left to the walkers, which find and describe faults. Thread-safe.
 */
final class QuickWalk {
    /** A valid page whose access flag is set. */
    private static final long PAGE =
            TableDescriptor.VALID.mask() | TableDescriptor.TYPE.mask() | TableDescriptor.AF.mask();

    /** A valid table. */
    private static final long TABLE = TableDescriptor.VALID.mask() | TableDescriptor.TYPE.mask();

    /** Stands for a descriptor that is for the walkers; no valid one is like it. */
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
     * {@return the mapping of the page around an address of a context with stage 1, or null to walk}
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
        PageRules rules = input < 0 ? space.upperRules : space.lowerRules;
        if (rules == null) {
            return null;
        }
        long place = stage1Place(context, era, rules, input);
        if (place == NOWHERE) {
            return null;
        }
        long descriptor = load(context, place & ~Stage1Walker.HIERARCHICAL);
        long output = descriptor & rules.addressMask;
        int allowed = Permissions.stage1(rules.stage1, variant, descriptor, place);
        if ((descriptor & PAGE) != PAGE || output >>> rules.outputBits != 0 || (allowed & wanted) == 0) {
            return null;
        }
        MemoryAttributes attributes = rules.attributes(
                TableDescriptor.ATTR_INDX.getInt(descriptor), TableDescriptor.SH.getInt(descriptor));
        boolean global = !TableDescriptor.NG.isSet(descriptor);
        if (space.stage2 != null) {
            long page = (1L << rules.pageShift) - 1;
            long ipa = output | input & page;
            return stage2(context, entryEra, era, input, ipa, rules.pageShift, variant, wanted, allowed, attributes,
                    global, requester);
        }
        return entry(entryEra, variant, global, input, output, rules.pageShift, allowed, attributes, requester);
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
        long descriptor = stage2Page(context, era, ipa);
        int allowed = stage1Allowed & stage2Walker.permissions(descriptor, variant);
        if (descriptor == UNUSUAL || (allowed & wanted) == 0) {
            return null;
        }
        MemoryAttributes attributes = AttributeRules.combine(
                before,
                TableDescriptor.MEMATTR.getInt(descriptor),
                TableDescriptor.SH.getInt(descriptor),
                stage2.forcedWriteBack());
        int shift = Math.min(stage1Shift, stage2.geometry().granule().shift());
        return entry(entryEra, variant, global, input, output(stage2, descriptor, ipa), shift, allowed, attributes,
                requester);
    }

    /**
     * {@return the physical address of an input address's last-level stage 1 descriptor, together with the attributes
     * that the tables before it impose, which are bits above all addresses; or {@link #NOWHERE}}
     */
    private long stage1Place(TransactionContext context, Era era, PageRules rules, long input) {
        WalkCache.TablePointer known = pointer(era, 1, rules.pageShift, input);
        if (known != null) {
            return known.descriptor(input >>> rules.pageShift) | known.hierarchy();
        }
        // Bits above those that the tables resolve must tell the half.
        return input >> rules.geometry.inputBits() == input >> 63 && !era.context.hasBlocks(1)
                ? descend(context, era, 1, rules.geometry, rules.hierarchyMask, input)
                : NOWHERE;
    }

    /** {@return the stage 2 descriptor of an IPA's page, or {@link #UNUSUAL}} */
    private long stage2Page(TransactionContext context, Era era, long ipa) {
        TableGeometry geometry = era.context.stage2.geometry();
        if (geometry.wide() || ipa >>> geometry.inputBits() != 0) {
            return UNUSUAL;
        }
        int pageShift = geometry.granule().shift();
        WalkCache.TablePointer known = pointer(era, 2, pageShift, ipa);
        long place = known != null
                ? known.descriptor(ipa >>> pageShift)
                : era.context.hasBlocks(2) ? NOWHERE : descend(context, era, 2, geometry, 0, ipa);
        if (place == NOWHERE) {
            return UNUSUAL;
        }
        long descriptor = load(context, place);
        return (descriptor & PAGE) == PAGE && !geometry.exceedsOutput(geometry.output(descriptor, 3))
                ? descriptor
                : UNUSUAL;
    }

    /** Goes down from the first table to a last-level descriptor, which it does not read; result as of stage 1. */
    private long descend(
            TransactionContext context, Era era, int stage, TableGeometry geometry, long hierarchyMask, long input) {
        boolean nested = stage == 1 && era.context.stage2 != null;
        long table = geometry.base();
        long hierarchy = 0;
        for (int level = geometry.startLevel(); ; level++) {
            long place = table + geometry.index(input, level) * 8;
            if (nested) {
                place = throughStage2(context, era, place);
                if (place == NOWHERE) {
                    return NOWHERE;
                }
            }
            if (level == 3) {
                if (pointers != null && geometry.startLevel() != 3) {
                    pointers.insert(era, stage, geometry.granule().shift(), input, place, hierarchy);
                }
                return place | hierarchy;
            }
            long descriptor = load(context, place);
            table = geometry.nextTable(descriptor);
            if ((descriptor & TABLE) != TABLE || geometry.exceedsOutput(table)) {
                if (geometry.kind(descriptor, level) == DescriptorKind.BLOCK) {
                    // The next one is likely to be one too: the walkers would read the same once more.
                    era.context.metBlock(stage);
                }
                return NOWHERE;
            }
            hierarchy |= descriptor & hierarchyMask;
        }
    }

    /** {@return the physical address of a stage 1 descriptor, or {@link #NOWHERE}} */
    private long throughStage2(TransactionContext context, Era era, long ipa) {
        Stage2Config stage2 = era.context.stage2;
        long descriptor = stage2Page(context, era, ipa);
        return TableDescriptor.S2AP_READ.isSet(descriptor) && !stage2.protectedWalk()
                ? output(stage2, descriptor, ipa)
                : NOWHERE;
    }

    private static long output(Stage2Config stage2, long descriptor, long ipa) {
        TableGeometry geometry = stage2.geometry();
        return geometry.output(descriptor, 3) | ipa & (1L << geometry.granule().shift()) - 1;
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
