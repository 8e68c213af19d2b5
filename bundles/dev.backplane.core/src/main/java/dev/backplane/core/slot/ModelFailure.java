package dev.backplane.core.slot;

/** What went wrong in code of a bundle, as text: no exception and no class of the bundle is kept. */
public final class ModelFailure extends Exception {
    private static final long serialVersionUID = 1L;
    private final boolean hung;

    private ModelFailure(String message, boolean hung) {
        super(message);
        this.hung = hung;
    }

    /** {@return a failure that ended} */
    public static ModelFailure of(String message) {
        return new ModelFailure(message, false);
    }

    /** {@return a failure that has not ended: the callback may still be running} */
    static ModelFailure hung(String step, long millis) {
        return new ModelFailure("%s did not return within %d ms".formatted(step, millis), true);
    }

    /** {@return whether the callback had not returned when its time was up} */
    public boolean isHung() {
        return hung;
    }
}
