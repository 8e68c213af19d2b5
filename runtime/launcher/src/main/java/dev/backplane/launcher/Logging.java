package dev.backplane.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.ConsoleHandler;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/** Everything from INFO on goes to a file of the instance, warnings to standard error as well, one line each. */
final class Logging {

    private static final int BYTES = 1 << 20;
    private static final int FILES = 3;

    /** Loggers are held weakly by their manager; levels set on one must not get lost. */
    private static final Logger ROOT = Logger.getLogger("");

    private Logging() {}

    static void to(Path folder) throws IOException {
        if (System.getProperty("java.util.logging.config.file") != null) {
            return; // the user decides
        }
        Files.createDirectories(folder);
        LogManager.getLogManager().reset();
        System.setProperty(
                "java.util.logging.SimpleFormatter.format", "%1$tFT%1$tT.%1$tL %4$s %3$s: %5$s%6$s%n");
        add(new FileHandler(folder.resolve("backplane.%g.log").toString(), BYTES, FILES, true), Level.INFO,
                new SimpleFormatter());
        add(new ConsoleHandler(), Level.WARNING, new ShortFormat());
    }

    private static void add(Handler handler, Level level, Formatter formatter) {
        handler.setLevel(level);
        handler.setFormatter(formatter);
        ROOT.addHandler(handler);
    }
}
