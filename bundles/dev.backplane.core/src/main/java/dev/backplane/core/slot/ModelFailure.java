package dev.backplane.core.slot;

/** What went wrong in code of a bundle, as text: no exception and no class of the bundle is kept. */
public final class ModelFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean hung;
    private final boolean ofPredecessor;

    private ModelFailure(String message, boolean hung, boolean ofPredecessor) {
        super(message);
        this.hung = hung;
        this.ofPredecessor = ofPredecessor;
    }

    /** {@return a failure that ended} */
    public static ModelFailure of(String message) {
        return new ModelFailure(message, false, false);
    }

    /** {@return a failure that has not ended: the callback may still be running} */
    static ModelFailure hung(String step, long millis) {
        return new ModelFailure("%s did not return within %d ms".formatted(step, millis), true, false);
    }

    /** {@return the same failure in other words} */
    public ModelFailure told(String otherwise) {
        return new ModelFailure(otherwise, hung, ofPredecessor);
    }

    /** {@return the same failure, as one of the model that was to be left: its successor has done nothing wrong} */
    ModelFailure ofPredecessor(String provider) {
        return new ModelFailure("%s could not be left: %s".formatted(provider, getMessage()), hung, true);
    }

    /** {@return whether the model that was to be left failed, not the one that was to take over} */
    public boolean isOfPredecessor() {
        return ofPredecessor;
    }

    /** {@return whether the callback had not returned when its time was up} */
    public boolean isHung() {
        return hung;
    }
}
