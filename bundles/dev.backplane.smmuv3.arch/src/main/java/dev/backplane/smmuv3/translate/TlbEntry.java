package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A TLB entry: a page or block with the permissions of one variant of transactions. Small: most of what a miss costs is
 * the memory that its results take. Immutable but for its {@linkplain #stamp(long) stamp}.
 */
final class TlbEntry {
    private static final int VARIANT = 3;
    /** Bit of a tag: nG is 0. */
    static final int GLOBAL = 4;
    private static final int PAGE_SHIFT = 3;
    private static final VarHandle STAMP;

    static {
        try {
            STAMP = MethodHandles.lookup().findVarHandle(TlbEntry.class, "stamp", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Era era;
    private final int tag;
    private final Translation.Mapped mapped;
    private final long requester;
    private long stamp;

    /**
     * Makes an entry.
     *
     * @param era address space that the entry is tagged with, and since when
     * @param tag the variant, whether the entry is global, and low bits of the page number, which tell most entries
     *     apart
     * @param mapped what a hit answers
     * @param requester see {@link MicroTlb#requester}: whose transaction filled it; others may use it by the era
     */
    TlbEntry(Era era, int tag, Translation.Mapped mapped, long requester) {
        this.era = era;
        this.tag = tag;
        this.mapped = mapped;
        this.requester = requester;
    }

    static TlbEntry of(Era era, int variant, boolean global, Translation.Mapped mapped, long requester) {
        int shift = Long.numberOfTrailingZeros(mapped.mask() + 1);
        return new TlbEntry(era, tag(variant, mapped.input(), shift) | (global ? GLOBAL : 0), mapped, requester);
    }

    /**
     * {@return the tag to look for, without the bit of global entries}
     *
     * @param variant see {@link StreamContext#variant}
     * @param shift log2 of the size of the page
     */
    static int tag(int variant, long address, int shift) {
        return (int) (address >>> shift) << PAGE_SHIFT | variant;
    }

    boolean matches(Era wanted, int wantedTag, long address) {
        return era == wanted
                && (tag & ~GLOBAL) == wantedTag
                && ((address ^ mapped.input()) & ~mapped.mask()) == 0;
    }

    Era era() {
        return era;
    }

    int tag() {
        return tag;
    }

    Translation.Mapped mapped() {
        return mapped;
    }

    long requester() {
        return requester;
    }

    /** {@return the number of invalidations before a translation that found the entry valid; see {@link MicroTlb}} */
    long stamp() {
        return (long) STAMP.getOpaque(this);
    }

    void stamp(long invalidations) {
        STAMP.setOpaque(this, invalidations);
    }

    int variant() {
        return tag & VARIANT;
    }

    /** {@return nG = 0: invalidation by address with any ASID of the VMID matches} */
    boolean global() {
        return (tag & GLOBAL) != 0;
    }

    boolean isValid() {
        return era.context.era() == era;
    }

    TranslationContext context() {
        return era.context;
    }
}
