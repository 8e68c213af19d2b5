package dev.backplane.itest;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The shipped command {@code backplane} in a process of its own, whose shell is typed at through a pipe. */
final class ConsoleProcess implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 60;

    private final Process process;
    private final BufferedWriter keys;
    private final BufferedReader screen;
    private int prompts;

    /** Starts it with its data in a folder. */
    ConsoleProcess(Path data, String... arguments) throws IOException {
        var command = new ArrayList<String>();
        command.add(ShippedFeatures.home().resolve("bin/backplane").toString());
        command.addAll(List.of("--data", data.toString()));
        command.addAll(List.of(arguments));
        process = new ProcessBuilder(command).redirectErrorStream(true).start();
        keys = new BufferedWriter(new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8));
        screen = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** {@return what a command prints} */
    String run(String command) throws IOException {
        String end = "end of command " + ++prompts;
        keys.write(command + "\necho " + end + "\n");
        keys.flush();
        var printed = new StringBuilder();
        for (String line = screen.readLine(); line != null; line = screen.readLine()) {
            if (line.equals(end)) {
                return printed.toString();
            }
            printed.append(line).append('\n');
        }
        throw new AssertionError("the process ended during '%s':%n%s".formatted(command, printed));
    }

    /** Asks its JVM for something with {@code jcmd}; {@return what that prints} */
    String jcmd(String... request) throws IOException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(), Long.toString(process.pid())));
        command.addAll(List.of(request));
        Process asking = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(asking.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    /** Ends it by the end of its input. */
    @Override
    public void close() throws IOException {
        keys.close();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the process does not end with its input");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            process.destroyForcibly();
        }
    }
}
