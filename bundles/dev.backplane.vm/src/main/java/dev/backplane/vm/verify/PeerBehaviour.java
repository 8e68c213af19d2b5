package dev.backplane.vm.verify;

/**
 * Behaviours of the machine that captures were taken on which the architecture does not ask for, or forbids. A row that
 * differs for one of these reasons and no other is set aside and counted under its name.
 */
public enum PeerBehaviour {
    /**
     * Later tables of a concatenated stage-2 start table are never reached; such probes stand in a file of their own.
     */
    STAGE2_CONCATENATION("stage2-concatenation"),
    /** The permission of a nested translation is that of stage 1 alone. */
    NESTED_PERMISSION("nested-permission"),
    /** A stage-2 fault on fetching a stage-1 table is recorded with S2 = 0, another RnW, and TTRnW = 0. */
    NESTED_TABLE_FETCH("nested-table-fetch"),
    /** The IPA of a stage-2 fault keeps its low 12 bits; the architecture records bits 51:12. */
    STAGE2_IPA_LOW_BITS("stage2-ipa-low-bits"),
    /** Input beyond the output size on a stage-2 stream is taken for a stage-1 fault and not recorded. */
    STAGE2_INPUT_BEYOND_OAS("stage2-input-beyond-oas");

    private final String label;

    PeerBehaviour(String label) {
        this.label = label;
    }

    /** {@return the name in reports} */
    public String label() {
        return label;
    }
}
