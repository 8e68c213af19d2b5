package dev.backplane.console;

import java.lang.reflect.InvocationTargetException;
import org.apache.felix.gogo.runtime.CommandNotFoundException;

/** Says in one line what went wrong with a command. */
final class Failure {

    private Failure() {}

    static String text(Throwable thrown) {
        Throwable cause = thrown;
        while (cause instanceof InvocationTargetException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof CommandNotFoundException unknown) {
            return "no command '" + unknown.getCommand() + "'; 'help' lists the commands";
        }
        if (cause instanceof InterruptedException) {
            return "interrupted";
        }
        boolean expected = cause instanceof IllegalArgumentException
                || cause instanceof IllegalStateException
                || cause.getClass().getName().startsWith("dev.backplane.");
        String message = cause.getMessage();
        return message == null || message.isBlank() ? cause.getClass().getName()
                : expected ? message
                : cause.getClass().getSimpleName() + ": " + message;
    }
}
