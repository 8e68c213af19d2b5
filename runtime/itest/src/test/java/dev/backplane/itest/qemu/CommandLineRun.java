package dev.backplane.itest.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A program that a command line has started, and its monitor. */
final class CommandLineRun implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long PAUSE_MILLIS = 5;

    private final Process process;
    private final SocketChannel monitor;
    private final BufferedReader answers;

    private CommandLineRun(Process process, SocketChannel monitor, BufferedReader answers) {
        this.process = process;
        this.monitor = monitor;
        this.answers = answers;
    }

    /**
     * Starts a program.
     *
     * @param folder for what it leaves behind
     * @return its run, or empty when it refuses the command line, and ends
     */
    static Optional<CommandLineRun> start(String program, Path folder, String line) throws Exception {
        Path socket = folder.resolve("s");
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(line.split(" ")));
        command.addAll(List.of("-display", "none", "-accel", "qtest", "-run-with", "exit-with-parent=on",
                "-qmp", "unix:" + socket + ",server=on,wait=off"));
        var builder = new ProcessBuilder(command);
        builder.environment().put("BACKPLANE_DATA", Path.of("target", "machines").toAbsolutePath().toString());
        Process process = builder.redirectErrorStream(true).redirectOutput(folder.resolve("output").toFile()).start();
        process.getOutputStream().close();
        long end = System.nanoTime() + PATIENCE_NANOS;
        while (process.isAlive() && System.nanoTime() < end) {
            SocketChannel monitor = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                monitor.connect(UnixDomainSocketAddress.of(socket));
                var answers = new BufferedReader(Channels.newReader(monitor, StandardCharsets.UTF_8));
                if (answers.readLine() != null) { // the greeting comes when the machine is made
                    var run = new CommandLineRun(process, monitor, answers);
                    run.ask("{\"execute\":\"qmp_capabilities\"}");
                    return Optional.of(run);
                }
            } catch (IOException e) {
                process.waitFor(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
            }
            monitor.close();
        }
        if (process.isAlive()) {
            process.destroyForcibly().waitFor();
            throw new IOException("%s %s: no monitor and no end within 60 s".formatted(program, line));
        }
        return Optional.empty();
    }

    /** {@return the answer to a request, without the events before it} */
    JsonNode ask(String request) throws IOException {
        monitor.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            JsonNode answer = JSON.readTree(line);
            if (!answer.has("event")) {
                return answer;
            }
        }
        throw new IOException(request + ": the program hung up");
    }

    @Override
    public void close() throws Exception {
        monitor.close();
        process.destroyForcibly().waitFor();
    }
}
