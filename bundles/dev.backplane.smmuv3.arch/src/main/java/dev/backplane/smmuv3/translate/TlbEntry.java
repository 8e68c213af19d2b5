package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;

/**
 * A TLB entry: a page or block with the permissions of one variant of transactions. Immutable.
 *
 * @param era address space that the entry is tagged with, and since when
 * @param variant see {@link StreamContext#variant}
 * @param input first input address
 * @param mask size minus 1
 * @param global nG = 0: invalidation by address with any ASID of the VMID matches
 * @param mapped what a hit answers
 */
record TlbEntry(Era era, int variant, long input, long mask, boolean global, Translation.Mapped mapped) {

    boolean matches(Era wanted, int wantedVariant, long address) {
        return era == wanted && variant == wantedVariant && ((address ^ input) & ~mask) == 0;
    }

    boolean isValid() {
        return era.context.era() == era;
    }

    TranslationContext context() {
        return era.context;
    }
}
