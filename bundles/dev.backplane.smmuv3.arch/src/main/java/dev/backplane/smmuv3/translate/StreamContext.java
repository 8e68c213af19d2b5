package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;

/**
 * What the configuration says of one StreamID and SubstreamID, ready for transactions. Immutable.
 *
 * @param translation address space, or null when no stage translates
 * @param bypass what a bypass answers, or null when {@code translation} is not or the stream aborts
 * @param overrides what happens to incoming attributes
 */
record StreamContext(TranslationContext translation, Translation.Mapped bypass, AttributeOverrides overrides) {

    /** Config = 0b0xx. */
    static final StreamContext ABORT = new StreamContext(null, null, AttributeOverrides.NONE);

    /** {@return which of the four sets of permissions of a page apply: bit 0 privileged, bit 1 instruction} */
    int variant(TransactionAttributes attributes) {
        return (overrides.privileged().apply(attributes.privileged()) ? 1 : 0)
                | (overrides.instruction().apply(attributes.instruction()) ? 2 : 0);
    }

    String kind() {
        if (translation == null) {
            return bypass == null ? "abort" : "bypass";
        }
        if (translation.nested()) {
            return "nested";
        }
        return translation.stage1 != null ? "stage 1" : "stage 2";
    }
}
