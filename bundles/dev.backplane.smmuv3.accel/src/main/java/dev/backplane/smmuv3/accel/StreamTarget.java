package dev.backplane.smmuv3.accel;

import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.Optional;

/** Where the transactions of a stream are to go. */
sealed interface StreamTarget {

    /**
     * They abort.
     *
     * @param reason why
     */
    record Abort(String reason) implements StreamTarget {}

    /**
     * They abort, as the stream has no legal STE.
     *
     * @param event what the SMMU records of each, but for its SubstreamID; empty when nothing is to be recorded
     * @param reason what is wrong
     */
    record Illegal(Optional<SmmuEvent> event, String reason) implements StreamTarget {}

    /**
     * They pass to the guest's memory untranslated.
     *
     * @param reason why
     */
    record Bypass(String reason) implements StreamTarget {}

    /**
     * The guest's stage 1 translates them.
     *
     * @param ste0 STE bits 63:0, canonical
     * @param ste1 STE bits 127:64, canonical
     */
    record Translate(long ste0, long ste1) implements StreamTarget {}
}
