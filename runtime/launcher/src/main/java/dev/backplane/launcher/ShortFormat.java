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
        String cause = entry.getThrown() == null ? "" : " (" + entry.getThrown() + ")";
        return "backplane: " + entry.getLevel().getName().toLowerCase(Locale.ROOT) + ": " + formatMessage(entry) + cause
                + System.lineSeparator();
    }
}
