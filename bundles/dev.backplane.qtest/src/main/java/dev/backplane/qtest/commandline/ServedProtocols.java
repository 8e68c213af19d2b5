package dev.backplane.qtest.commandline;

import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.object.UserObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Where a command line has qtest and QMP served. Not thread-safe. */
final class ServedProtocols {
    private final CharacterDevices chardevs;
    private final List<Deferred> monitors = new ArrayList<>();
    private int compatibleMonitors;
    private Deferred qtest;
    private Optional<String> log = Optional.empty();

    /** An endpoint whose character device may be declared later. */
    @FunctionalInterface
    private interface Deferred {
        Endpoint resolve() throws CommandLineException;
    }

    ServedProtocols(CharacterDevices chardevs) {
        this.chardevs = chardevs;
    }

    /** Takes a {@code -qtest}. */
    void qtest(String label, String value) {
        qtest = () -> chardevs.endpoint(label, value, "qtest");
    }

    /** Takes a {@code -qtest-log}. */
    void log(String file) {
        log = Optional.of(file).filter(name -> !name.equals("none"));
    }

    /** Takes a {@code -qmp}. */
    void monitor(String label, String value) {
        if (!value.equals("none")) {
            int number = compatibleMonitors++;
            monitors.add(() -> chardevs.endpoint(label, value, "compat_monitor" + number));
        }
    }

    /** Takes a {@code -mon}. */
    void mon(OptionGroup group) throws CommandLineException {
        if (!group.get("mode").orElse("readline").equals("control")) {
            throw new CommandLineException("-mon: unsupported mode '%s'; the nearest supported one is mode=control, and"
                    .formatted(group.get("mode").orElse("readline")) + " -monitor stdio for a shell");
        }
        String chardev = group.require("chardev");
        monitors.add(() -> chardevs.declared("-mon", chardev));
    }

    /** Takes an {@code -object}, which may be one that serves a protocol. */
    void object(UserObject object) {
        switch (object.type()) {
            case MONITOR_QMP -> monitors.add(() -> chardevs.declared("-object monitor-qmp", object.text("chardev")));
            case QTEST -> {
                qtest = () -> chardevs.declared("-object qtest", object.text("chardev"));
                log(object.text("log"));
            }
            case MEMORY_BACKEND_RAM, MEMORY_BACKEND_FILE, MEMORY_BACKEND_MEMFD, IOMMUFD -> {}
        }
    }

    /** {@return where QMP is served, in order; all character devices are declared now} */
    List<Endpoint> monitors() throws CommandLineException {
        List<Endpoint> resolved = new ArrayList<>();
        for (Deferred monitor : monitors) {
            resolved.add(monitor.resolve());
        }
        return resolved;
    }

    /** {@return where qtest is served; all character devices are declared now} */
    Optional<Endpoint> qtest() throws CommandLineException {
        return qtest == null ? Optional.empty() : Optional.of(qtest.resolve());
    }

    /** {@return the file of the qtest log} */
    Optional<String> log() {
        return log;
    }
}
