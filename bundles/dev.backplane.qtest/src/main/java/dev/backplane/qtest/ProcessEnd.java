package dev.backplane.qtest;

import dev.backplane.qtest.chardev.EndpointService;
import dev.backplane.qtest.chardev.IoReason;
import dev.backplane.qtest.control.MachineControl;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** The end of the process: a signal ends it with status 0, and nothing of it stays behind. */
final class ProcessEnd {
    private final MachineControl control;
    private final List<EndpointService> services;
    private final Optional<Path> pidfile;
    private final Thread runner = Thread.currentThread();
    private final AtomicReference<Integer> reached = new AtomicReference<>();

    /** Takes a machine; the calling thread is the one that runs it and then exits. */
    ProcessEnd(MachineControl control, List<EndpointService> services, Optional<String> pidfile) {
        this.control = control;
        this.services = services;
        this.pidfile = pidfile.map(Path::of);
    }

    /** Writes the process number and waits for signals. */
    void begin() throws IOException {
        if (pidfile.isPresent()) {
            writePidfile(pidfile.get());
        }
        Runtime.getRuntime().addShutdownHook(new Thread(this::exiting, "backplane-end"));
    }

    private static void writePidfile(Path file) throws IOException {
        try {
            if (Files.notExists(file)) {
                Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            }
            try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.TRUNCATE_EXISTING)) {
                out.write((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException e) {
            throw new IOException("-pidfile %s: cannot write it: %s".formatted(file, IoReason.of(e)), e);
        }
    }

    /** The process exits: by itself when the run is over, else by a signal, which may also come in between. */
    private void exiting() {
        Integer status = reached.get();
        if (status == null) {
            control.quit("host-signal");
            cleanUp();
            Runtime.getRuntime().halt(0); // on the way out already, so only halting sets the status
        } else if (!exitsByItself()) {
            cleanUp();
            Runtime.getRuntime().halt(status);
        }
    }

    /** {@return whether it is the machine's own thread that waits for what is done at the exit, not a signal's} */
    private boolean exitsByItself() {
        return Arrays.stream(runner.getStackTrace())
                .anyMatch(frame -> frame.getClassName().equals("java.lang.ApplicationShutdownHooks"));
    }

    /** The run is over; the process exits by itself with this status. */
    void reached(int status) {
        if (reached.compareAndSet(null, status)) {
            cleanUp();
        }
    }

    private synchronized void cleanUp() {
        services.forEach(EndpointService::close);
        pidfile.ifPresent(file -> {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                System.err.println("backplane-system-aarch64: cannot delete " + file + ": " + e.getMessage());
            }
        });
    }
}
