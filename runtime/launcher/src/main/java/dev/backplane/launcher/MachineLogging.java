package dev.backplane.launcher;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.logging.LogManager;

/**
 * What a machine logs: warnings go to standard error, and what guests do wrong goes nowhere unless the command line
 * asks for it. A harness may leave standard error unread, so nothing is told that happens again and again.
 */
public final class MachineLogging {
    private static final String CLASS = "java.util.logging.config.class";

    static final String CONFIGURATION = """
            handlers = java.util.logging.ConsoleHandler
            java.util.logging.ConsoleHandler.level = ALL
            java.util.logging.ConsoleHandler.formatter = %s
            .level = WARNING
            dev.backplane.device.guest-errors.level = OFF
            dev.backplane.device.unimplemented.level = OFF
            """.formatted(ShortFormat.class.getName());

    /** Configures logging; made by its name when something is logged first. */
    public MachineLogging() throws IOException {
        LogManager.getLogManager()
                .readConfiguration(new ByteArrayInputStream(CONFIGURATION.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** Has it done when it is needed, which at a start it may not be. */
    static void prepare() {
        if (System.getProperty("java.util.logging.config.file") == null && System.getProperty(CLASS) == null) {
            System.setProperty(CLASS, MachineLogging.class.getName()); // else the user decides
        }
    }
}
