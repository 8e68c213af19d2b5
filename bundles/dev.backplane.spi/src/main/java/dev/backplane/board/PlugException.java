package dev.backplane.board;

/** A device cannot be plugged or unplugged. The message says why and what to do; nothing has changed. */
public class PlugException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message says why and what to do
     */
    public PlugException(String message) {
        super(message);
    }
}
