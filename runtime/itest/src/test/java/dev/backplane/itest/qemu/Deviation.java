package dev.backplane.itest.qemu;

/**
 * Where the peer may answer otherwise than we do: either it departs from the architecture, or the architecture leaves
 * the matter open. As narrow as the facts allow: it changes the one aspect that it is about, in the one situation, and
 * whatever else differs stays a difference.
 *
 * @param <S> scenarios
 * @param <O> what is observed in one step
 * @param name short name, printed with its count
 * @param amendment turns the peer's observation into what the rule lets it be
 */
record Deviation<S, O>(String name, Amendment<S, O> amendment) {

    /** What the peer's answer is taken for. */
    @FunctionalInterface
    interface Amendment<S, O> {
        /**
         * {@return {@code theirs} as the rule allows to read it, itself where the rule does not apply}
         *
         * @param scene the scenario
         * @param step which of its steps
         * @param ours what our machine showed
         * @param theirs what the peer showed, amended by the rules before
         */
        O amend(S scene, int step, O ours, O theirs);
    }
}
