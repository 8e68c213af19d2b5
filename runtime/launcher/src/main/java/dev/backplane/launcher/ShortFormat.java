package dev.backplane.launcher;

import java.util.Locale;
import java.util.logging.Formatter;
import java.util.logging.LogRecord;

/** What a person at a terminal needs, in one line. */
public final class ShortFormat extends Formatter {
    /** Made by its name, too. */
    public ShortFormat() {}

    @Override
    public String format(LogRecord entry) {
        String cause = entry.getThrown() == null ? "" : " (" + withCauses(entry.getThrown()) + ")";
        return "backplane: " + entry.getLevel().getName().toLowerCase(Locale.ROOT) + ": " + formatMessage(entry) + cause
                + System.lineSeparator();
    }

    /** The first often says only that something failed; what its causes say is left out where it is said already. */
    private static String withCauses(Throwable thrown) {
        var text = new StringBuilder(thrown.toString());
        for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
            if (text.indexOf(cause.toString()) < 0) {
                text.append(": ").append(cause);
            }
        }
        return text.toString();
    }
}
