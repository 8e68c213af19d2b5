package dev.backplane.qtest.protocol;

import dev.backplane.qtest.chardev.IoReason;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/** Writes down what is received and sent, if anybody wants it. */
final class QtestLog {
    private static final String NOWHERE = "/dev/null";

    private final PrintStream out;
    private volatile long start = System.nanoTime();

    private QtestLog(PrintStream out) {
        this.out = out;
    }

    /**
     * Opens a log; none, and a null device, cost nothing.
     *
     * @throws IOException if it cannot be written; the message names the option
     */
    static QtestLog open(Optional<String> file) throws IOException {
        if (file.isEmpty() || file.get().equals(NOWHERE)) {
            return new QtestLog(null);
        }
        try {
            return new QtestLog(
                    new PrintStream(Files.newOutputStream(Path.of(file.get())), true, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw new IOException("-qtest-log %s: cannot write it: %s".formatted(file.get(), IoReason.of(e)), e);
        }
    }

    boolean isOpen() {
        return out != null;
    }

    /** A client has come; times count from now. */
    void opened() {
        start = System.nanoTime();
        if (out != null) {
            out.printf(Locale.ROOT, "[I %.6f] OPENED%n", 0.0);
        }
    }

    /** The client has left. */
    void closed() {
        line('I', "CLOSED");
    }

    /**
     * Writes a line down; any thread.
     *
     * @param direction {@code 'R'} for what is received, {@code 'S'} for what is sent
     */
    void note(char direction, byte[] line, int from, int to) {
        if (out != null) {
            line(direction, new String(line, from, to - from, StandardCharsets.ISO_8859_1));
        }
    }

    private void line(char direction, String text) {
        if (out != null) {
            out.printf(Locale.ROOT, "[%c +%.6f] %s%n", direction, (System.nanoTime() - start) / 1e9, text);
        }
    }
}
