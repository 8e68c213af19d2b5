package dev.backplane.smmuv3.accel;

/** Where the transactions of a stream are to go. */
sealed interface StreamTarget {

    /**
     * They abort.
     *
     * @param reason why
     */
    record Abort(String reason) implements StreamTarget {}

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
