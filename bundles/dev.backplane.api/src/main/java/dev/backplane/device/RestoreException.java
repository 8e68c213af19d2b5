package dev.backplane.device;

/** A saved state cannot be taken over. The message names the field or version and what was expected. */
public class RestoreException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message names the field or version, the value, and what was expected
     */
    public RestoreException(String message) {
        super(message);
    }
}
