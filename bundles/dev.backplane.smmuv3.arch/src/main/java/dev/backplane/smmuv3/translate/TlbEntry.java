package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A TLB entry: a page or block with the permissions of one variant of transactions. Immutable but for its {@linkplain
 * #stamp(long) stamp}.
 */
final class TlbEntry {
    private static final int VARIANT = 3;
    /** Bit beside those of a variant: nG is 0. */
    private static final int GLOBAL = 4;
    private static final VarHandle STAMP;

    static {
        try {
            STAMP = MethodHandles.lookup().findVarHandle(TlbEntry.class, "stamp", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Era era;
    private final int kind;
    private final Translation.Mapped mapped;
    private final long requester;
    private long stamp;

    /**
     * Makes an entry.
     *
     * @param era address space that the entry is tagged with, and since when
     * @param variant see {@link StreamContext#variant}
     * @param global nG is 0
     * @param mapped what a hit answers
     * @param requester see {@link MicroTlb#requester}: whose transaction filled it; others may use it by the era
     */
    TlbEntry(Era era, int variant, boolean global, Translation.Mapped mapped, long requester) {
        this.era = era;
        this.kind = global ? variant | GLOBAL : variant;
        this.mapped = mapped;
        this.requester = requester;
    }

    boolean matches(Era wanted, int variant, long address) {
        return era == wanted
                && (kind & VARIANT) == variant
                && ((address ^ mapped.input()) & ~mapped.mask()) == 0;
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
        return kind & VARIANT;
    }

    /** {@return nG = 0: invalidation by address with any ASID of the VMID matches} */
    boolean global() {
        return (kind & GLOBAL) != 0;
    }

    boolean isValid() {
        return era.context.era() == era;
    }

    TranslationContext context() {
        return era.context;
    }
}
