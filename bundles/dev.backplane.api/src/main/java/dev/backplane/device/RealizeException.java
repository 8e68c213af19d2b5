package dev.backplane.device;

/** A model cannot be realized. The message names the need that is not met and what to do. */
public class RealizeException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message names the need and what to do
     */
    public RealizeException(String message) {
        super(message);
    }
}
