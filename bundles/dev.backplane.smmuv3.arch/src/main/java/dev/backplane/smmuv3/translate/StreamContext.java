package dev.backplane.smmuv3.translate;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.translate.AttributeOverrides.Override;

/**
 * What the configuration says of one StreamID and SubstreamID, ready for transactions. Immutable.
 *
 * @param translation address space, or null when no stage translates
 * @param bypass what a bypass answers, or null when {@code translation} is not or the stream aborts
 * @param overrides what happens to incoming attributes
 * @param mergesEvents STE.MEV: events of the stream may be merged
 * @param keptVariant bits of {@link #variant} that stay as the transaction has them
 * @param setVariant bits of {@link #variant} that the stream sets
 */
record StreamContext(
        TranslationContext translation,
        Translation.Mapped bypass,
        AttributeOverrides overrides,
        boolean mergesEvents,
        int keptVariant,
        int setVariant) {

    /** Config = 0b0xx. */
    static final StreamContext ABORT = new StreamContext(null, null, AttributeOverrides.NONE, false);

    StreamContext(
            TranslationContext translation,
            Translation.Mapped bypass,
            AttributeOverrides overrides,
            boolean mergesEvents) {
        this(
                translation,
                bypass,
                overrides,
                mergesEvents,
                (overrides.privileged() == Override.INCOMING ? 1 : 0)
                        | (overrides.instruction() == Override.INCOMING ? 2 : 0),
                (overrides.privileged() == Override.SET ? 1 : 0)
                        | (overrides.instruction() == Override.SET ? 2 : 0));
    }

    /** {@return which of the four sets of permissions of a page apply: bit 0 privileged, bit 1 instruction} */
    int variant(TransactionAttributes attributes) {
        return Permissions.variant(attributes.privileged(), attributes.instruction()) & keptVariant | setVariant;
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
