package dev.backplane.qtest;

import dev.backplane.qtest.chardev.IoReason;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What guests do wrong, shown if asked for. */
final class GuestErrors {
    /** Loggers by the items of {@code -d}. */
    private static final Map<String, String> LOGGERS = Map.of(
            "guest_errors", "dev.backplane.device.guest-errors",
            "unimp", "dev.backplane.device.unimplemented");

    /** Their manager holds loggers weakly; a level must not get lost. */
    private static final List<Logger> SHOWN = new ArrayList<>();

    private GuestErrors() {}

    /**
     * Shows what is asked for.
     *
     * @param items what {@code -d} names; others than those above are nothing that a device logs
     * @param file where to, or empty for where warnings go
     * @throws IOException if the file cannot be written
     */
    static void show(Set<String> items, Optional<String> file) throws IOException {
        List<Logger> wanted = items.stream()
                .filter(LOGGERS::containsKey)
                .map(item -> Logger.getLogger(LOGGERS.get(item)))
                .toList();
        if (!wanted.isEmpty() && file.isPresent()) {
            FileHandler handler = handler(file.get());
            wanted.forEach(logger -> {
                logger.addHandler(handler);
                logger.setUseParentHandlers(false);
            });
        }
        wanted.forEach(logger -> logger.setLevel(Level.WARNING));
        SHOWN.addAll(wanted);
    }

    private static FileHandler handler(String file) throws IOException {
        try {
            var handler = new FileHandler(file.replace("%", "%%"), false);
            handler.setFormatter(new Formatter() {
                @Override
                public String format(LogRecord entry) {
                    return formatMessage(entry) + System.lineSeparator();
                }
            });
            return handler;
        } catch (IOException e) {
            throw new IOException("-D %s: cannot write it: %s".formatted(file, IoReason.of(e)), e);
        }
    }
}
