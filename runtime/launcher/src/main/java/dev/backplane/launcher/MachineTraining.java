package dev.backplane.launcher;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Makes the cache of loaded classes with which {@code backplane-system-aarch64} starts: runs a machine as a test harness
 * does, lets it do what tests begin with, and has the JVM write down the classes when the machine ends. Run it when the
 * distribution is complete, and again when another JVM shall run it.
 */
public final class MachineTraining {
    private static final long PATIENCE_SECONDS = 300;

    private static final String MACHINE = "virt,acpi=off,gic-version=3,iommu=smmuv3";

    private static final List<String> QTEST = List.of(
            "endianness",
            "qom-tests", // makes a model of each type, the GICv2 of a default machine among them
            "readl 0x9050000",
            "writel 0x9050044 0x80000000",
            "readq 0x9050080",
            "read 0x4010000000 0x100",
            "read 0x4010008010 4",
            "write 0x40000000 4 0x12345678",
            "b64write 0x40001000 3 AAEC",
            "b64read 0x40001000 3",
            "memset 0x40002000 0x1000 0",
            "clock_step 1000",
            "irq_intercept_in /machine/unattached/device[1]",
            "readl 0x4010010000");

    private static final List<String> QMP = List.of(
            "{\"execute\": \"qmp_capabilities\"}",
            "{\"execute\": \"query-machines\"}",
            "{\"execute\": \"qom-list-types\", \"arguments\": {\"implements\": \"device\", \"abstract\": true}}",
            "{\"execute\": \"qom-list\", \"arguments\": {\"path\": \"/machine/unattached\"}}",
            "{\"execute\": \"device_add\", \"arguments\": {\"driver\": \"edu\", \"id\": \"extra\"}}",
            "{\"execute\": \"device_del\", \"arguments\": {\"id\": \"extra\"}}",
            "{\"execute\": \"system_reset\"}");

    private final Distribution distribution;
    private final Path folder;

    private MachineTraining(Distribution distribution, Path folder) {
        this.distribution = distribution;
        this.folder = folder;
    }

    /**
     * Makes the cache.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) throws Exception {
        var distribution = new Distribution(Path.of(System.getProperty(Distribution.HOME, ".")).toAbsolutePath());
        Path folder = Files.createTempDirectory("bp");
        try {
            var training = new MachineTraining(distribution, folder);
            training.requirePrepared();
            Path cache = distribution.home().resolve("lib").resolve("machine.aot");
            Files.deleteIfExists(cache);
            training.run(""); // fills the bundle cache, as all starts but the first find it
            training.run(cache.toString());
            if (!Files.isRegularFile(cache)) {
                throw new LaunchException("the JVM wrote no " + cache + "; is it a JDK 25?");
            }
            System.out.println("made " + cache + ", " + (Files.size(cache) >> 20) + " MiB");
        } catch (LaunchException | IOException e) {
            System.err.println("train-machine: " + e.getMessage());
            System.exit(ExitStatus.START_FAILED);
        } finally {
            Instance.delete(folder);
        }
    }

    /** Names of classes that moved would be passed over in silence when machines start. */
    private void requirePrepared() throws IOException, LaunchException {
        List<URL> jars = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(distribution.bundles(), "*.jar")) {
            for (Path file : files) {
                jars.add(file.toUri().toURL());
            }
        }
        try (var classes = new URLClassLoader(jars.toArray(URL[]::new))) {
            for (String name : Preparation.CLASSES) {
                Class.forName(name, false, classes);
            }
            Class.forName(PlainAnswer.CLASS, false, classes);
        } catch (ClassNotFoundException e) {
            throw new LaunchException("no class " + e.getMessage() + "; correct the names in the launcher", e);
        }
    }

    private void run(String output) throws IOException, InterruptedException, LaunchException {
        try (ServerSocketChannel qtest = listen("q"); ServerSocketChannel qmp = listen("m")) {
            var builder = new ProcessBuilder(
                    distribution.home().resolve("bin/backplane-system-aarch64").toString(),
                    "-qtest", "unix:" + folder.resolve("q"),
                    "-chardev", "socket,id=char0,path=" + folder.resolve("m"),
                    "-object", "monitor-qmp,id=qmp0,chardev=char0",
                    "-display", "none", "-audio", "none", "-run-with", "exit-with-parent=on",
                    "-machine", MACHINE, "-smp", "1", "-m", "512", "-cpu", "max", "-net", "none",
                    "-device", "iommu-testdev", "-device", "edu", "-accel", "qtest",
                    // A machine has one interrupt controller. The MSI controller of the other can be added.
                    "-device", "pxb-pcie,id=far,bus_nr=128", "-device", "arm-gicv2m,root-bus=far");
            builder.environment().put("BACKPLANE_DATA", folder.toString());
            builder.environment().put("BACKPLANE_AOT", "off");
            builder.environment().put("BACKPLANE_AOT_OUTPUT", output);
            Process process = builder.redirectErrorStream(true)
                    .redirectOutput(folder.resolve("output").toFile())
                    .start();
            // A machine that ends early must not leave this waiting for it.
            process.onExit().thenRun(() -> close(qtest, qmp));
            try {
                talk(qtest, qmp);
            } catch (IOException e) {
                process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
                throw new LaunchException("the machine did not answer: " + e + "\n"
                        + Files.readString(folder.resolve("output")), e);
            }
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                process.destroyForcibly();
                throw new LaunchException("the machine did not end:\n" + Files.readString(folder.resolve("output")));
            }
        }
    }

    private ServerSocketChannel listen(String name) throws IOException {
        Path path = folder.resolve(name);
        Files.deleteIfExists(path);
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(path));
        return listener;
    }

    private static void close(ServerSocketChannel... listeners) {
        try {
            for (ServerSocketChannel listener : listeners) {
                listener.close();
            }
        } catch (IOException e) {
            System.err.println("train-machine: " + e);
        }
    }

    private static void talk(ServerSocketChannel qtest, ServerSocketChannel qmp) throws IOException {
        try (SocketChannel commands = qtest.accept(); SocketChannel monitor = qmp.accept()) {
            converse(commands, QTEST, "OK", "FAIL");
            converse(monitor, QMP, "{\"return\"", "{\"error\"");
            Channels.newWriter(monitor, StandardCharsets.UTF_8).append("{\"execute\": \"quit\"}\n").flush();
            while (monitor.read(ByteBuffer.allocate(4096)) >= 0) {
                // until it hangs up
            }
        }
    }

    private static void converse(SocketChannel channel, List<String> lines, String good, String bad) throws IOException {
        var in = new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        var out = new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
        for (String line : lines) {
            out.append(line).append('\n').flush();
            String reply = in.readLine();
            while (reply != null && !reply.startsWith(good)) {
                if (reply.startsWith(bad)) {
                    throw new IOException(line + ": " + reply);
                }
                reply = in.readLine();
            }
            if (reply == null) {
                throw new IOException(line + ": no reply");
            }
        }
    }
}
