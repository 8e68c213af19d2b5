package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;

/** How a probed translation ends. */
public sealed interface TranslationOutcome {

    /**
     * The address maps.
     *
     * @param translation the range around the address that maps alike
     */
    record Mapped(Translation.Mapped translation) implements TranslationOutcome {}

    /**
     * The transaction is terminated.
     *
     * @param how abort or RAZ/WI
     * @param event the event that describes the fault, or null when the architecture has none for it
     * @param recorded whether the event is to be recorded; CD.R, STE.S2R and CR2.RECINVSID can forbid it
     * @param reason the reason in words
     */
    record Terminated(Translation.Terminated how, SmmuEvent event, boolean recorded, String reason)
            implements TranslationOutcome {}
}
