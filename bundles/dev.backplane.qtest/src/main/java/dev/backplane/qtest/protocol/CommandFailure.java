package dev.backplane.qtest.protocol;

/** A command cannot be carried out; its reply says why. */
final class CommandFailure extends Exception {
    private static final long serialVersionUID = 1L;

    CommandFailure(String message) {
        super(message, null, false, false);
    }
}
