package dev.backplane.qtest.commandline;

/** The command line cannot be honoured. The message names the option and says what is supported. */
public final class CommandLineException extends Exception {
    private static final long serialVersionUID = 1L;

    /**
     * Makes one.
     *
     * @param message names the option, the value and what was expected
     */
    public CommandLineException(String message) {
        super(message);
    }
}
