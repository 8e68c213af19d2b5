package dev.backplane.launcher;

/** The command line is wrong. The message names the option. */
final class UsageException extends Exception {

    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
