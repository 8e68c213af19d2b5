package dev.backplane.itest;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A machine in a process of its own, started as a test harness starts it: it connects to two sockets, qtest first. */
public final class MachineProcess implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 120;
    /** Commands that may be on their way without their replies having been read; fits the buffers of a socket. */
    private static final int PIPELINE_CHARACTERS = 32 * 1024;
    private static final int PIPELINE_COMMANDS = 256;

    final Process process;
    private final Path folder;
    private final SocketChannel qtest;
    private final SocketChannel qmp;
    private final BufferedReader replies;
    private final BufferedReader answers;
    /** Changes of lines, as they came. */
    public final List<String> interrupts = new ArrayList<>();
    /** Events of the monitor, as they came. */
    public final List<String> events = new ArrayList<>();

    MachineProcess(String arguments) throws Exception {
        this(program(), arguments);
    }

    /** Starts a program with the arguments of the harness and these. */
    public MachineProcess(String program, String arguments) throws Exception {
        folder = Files.createTempDirectory("bp");
        try (ServerSocketChannel forQtest = listen("q"); ServerSocketChannel forQmp = listen("m")) {
            List<String> command = new ArrayList<>(List.of(
                    program,
                    "-qtest", "unix:" + folder.resolve("q"), "-qtest-log", "/dev/null",
                    "-chardev", "socket,path=" + folder.resolve("m") + ",id=char0",
                    "-object", "monitor-qmp,id=qmp0,chardev=char0",
                    "-display", "none", "-audio", "none", "-run-with", "exit-with-parent=on"));
            command.addAll(List.of(arguments.split(" ")));
            command.addAll(List.of("-accel", "qtest"));
            process = start(folder, command);
            process.onExit().thenRun(() -> closeQuietly(forQtest, forQmp));
            qtest = forQtest.accept();
            qmp = forQmp.accept();
        }
        replies = new BufferedReader(Channels.newReader(qtest, StandardCharsets.UTF_8));
        answers = new BufferedReader(Channels.newReader(qmp, StandardCharsets.UTF_8));
    }

    /** {@return the shipped program} */
    public static String program() {
        return ShippedFeatures.home().resolve("bin/backplane-system-aarch64").toString();
    }

    static Process start(Path data, List<String> command) throws IOException {
        var builder = new ProcessBuilder(command);
        builder.environment().put("BACKPLANE_DATA", Path.of("target", "machines").toAbsolutePath().toString());
        return builder.redirectErrorStream(true).redirectOutput(data.resolve("output").toFile()).start();
    }

    private static void closeQuietly(ServerSocketChannel... listeners) {
        for (ServerSocketChannel listener : listeners) {
            try {
                listener.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    private ServerSocketChannel listen(String name) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(folder.resolve(name)));
        return listener;
    }

    /** {@return the reply to a command; changes of lines on the way are kept} */
    public String qtest(String command) throws IOException {
        write(qtest, command + "\n");
        return reply(command);
    }

    /** {@return the replies to commands that are sent without waiting for each} */
    public List<String> qtest(List<String> commands) throws IOException {
        var answered = new ArrayList<String>();
        while (answered.size() < commands.size()) {
            var batch = new StringBuilder();
            int end = answered.size();
            while (end < commands.size() && end - answered.size() < PIPELINE_COMMANDS
                    && (batch.isEmpty() || batch.length() + commands.get(end).length() < PIPELINE_CHARACTERS)) {
                batch.append(commands.get(end++)).append('\n');
            }
            write(qtest, batch.toString());
            while (answered.size() < end) {
                answered.add(reply(commands.get(answered.size())));
            }
        }
        return answered;
    }

    private String reply(String command) throws IOException {
        for (String line = replies.readLine(); line != null; line = replies.readLine()) {
            if (!line.startsWith("IRQ ")) {
                return line;
            }
            interrupts.add(line);
        }
        throw new IOException(command + ": the machine hung up: " + output());
    }

    /** {@return the value that a register or a word of memory has} */
    public long read(String command) throws IOException {
        String reply = qtest(command);
        return Long.parseUnsignedLong(reply.substring("OK 0x".length()), 16);
    }

    /** {@return the next message of the monitor that is no event; events on the way are kept} */
    public String qmp(String request) throws IOException {
        write(qmp, request);
        for (String line = answers.readLine(); line != null; line = answers.readLine()) {
            if (!line.contains("\"event\"")) {
                return line;
            }
            events.add(line);
        }
        throw new IOException(request + ": the machine hung up: " + output());
    }

    /** Sends requests to the monitor and leaves the answers unread. */
    void send(String requests) throws IOException {
        write(qmp, requests);
    }

    /** Waits for an event. */
    public void awaitEvent(String name) throws IOException {
        while (events.stream().noneMatch(line -> line.contains('"' + name + '"'))) {
            String line = answers.readLine();
            if (line == null) {
                throw new IOException("no event " + name + ": " + output());
            }
            events.add(line);
        }
    }

    private static void write(SocketChannel channel, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    int awaitExit() throws Exception {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("the machine does not end: " + output());
        }
        return process.exitValue();
    }

    /** {@return what the process printed so far} */
    public String output() throws IOException {
        return Files.readString(folder.resolve("output"));
    }

    @Override
    public void close() throws Exception {
        process.destroyForcibly().waitFor();
        qtest.close();
        qmp.close();
        for (String name : List.of("q", "m", "output")) {
            Files.deleteIfExists(folder.resolve(name));
        }
        Files.delete(folder);
    }
}
