package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;

/**
 * A TLB entry: a page or block with the permissions of one variant of transactions. Immutable, and small: most of what
 * a miss costs is the memory that its results take.
 *
 * @param era address space that the entry is tagged with, and since when
 * @param tag the variant, whether the entry is global, and low bits of the page number, which tell most entries apart
 * @param mapped what a hit answers
 */
record TlbEntry(Era era, int tag, Translation.Mapped mapped) {
    private static final int VARIANT = 3;
    /** Bit of a tag: nG is 0. */
    static final int GLOBAL = 4;
    private static final int PAGE_SHIFT = 3;

    static TlbEntry of(Era era, int variant, boolean global, Translation.Mapped mapped) {
        int shift = Long.numberOfTrailingZeros(mapped.mask() + 1);
        return new TlbEntry(era, tag(variant, mapped.input(), shift) | (global ? GLOBAL : 0), mapped);
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
