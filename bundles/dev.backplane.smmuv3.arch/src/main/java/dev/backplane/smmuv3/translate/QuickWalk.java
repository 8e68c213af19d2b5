package dev.backplane.smmuv3.translate;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.TableDescriptor;

/**
 * The usual miss: a page whose last-level tables the walk cache knows, and which allows the access. It reads one
 * descriptor of each stage and does nothing else; whatever is unusual is left to the walkers, which find and describe
 * faults. Thread-safe.
 */
final class QuickWalk {
    /** A valid page whose access flag is set. */
    private static final long PAGE =
            TableDescriptor.VALID.mask() | TableDescriptor.TYPE.mask() | TableDescriptor.AF.mask();

    private final DmaPort tables;
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
        WalkCache.TablePointer table = pointers.find(era, 1, rules.pageShift, input);
        if (table == null || !tables.load64(context, table.descriptor(input >>> rules.pageShift)).isDone()) {
            return null;
        }
        long descriptor = context.data();
        long output = descriptor & rules.addressMask;
        int allowed = Permissions.stage1(rules.stage1, variant, descriptor, table.hierarchy());
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
        TranslationContext space = era.context;
        TableGeometry geometry = space.stage2.geometry();
        int pageShift = geometry.granule().shift();
        if (geometry.wide() || ipa >>> geometry.inputBits() != 0) {
            return null;
        }
        WalkCache.TablePointer table = pointers.find(era, 2, pageShift, ipa);
        if (table == null || !tables.load64(context, table.descriptor(ipa >>> pageShift)).isDone()) {
            return null;
        }
        long descriptor = context.data();
        long page = (1L << pageShift) - 1;
        long output = descriptor & 0x0000_FFFF_FFFF_FFFFL & ~page;
        int allowed = stage1Allowed & stage2Walker.permissions(descriptor, variant);
        if ((descriptor & PAGE) != PAGE || geometry.exceedsOutput(output) || (allowed & wanted) == 0) {
            return null;
        }
        MemoryAttributes attributes = AttributeRules.combine(
                before,
                TableDescriptor.MEMATTR.getInt(descriptor),
                TableDescriptor.SH.getInt(descriptor),
                space.stage2.forcedWriteBack());
        int shift = Math.min(stage1Shift, pageShift);
        return entry(entryEra, variant, global, input, output | ipa & page, shift, allowed, attributes, requester);
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
        int tag = TlbEntry.tag(variant, input, shift);
        return new TlbEntry(era, global ? tag | TlbEntry.GLOBAL : tag, mapped, requester);
    }
}
