package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.INT;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.optional;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.qtest.hmp.HumanMonitor;

/** The command that carries those of the human monitor. */
final class MonitorCommand {
    private final HumanMonitor monitor;

    MonitorCommand(HumanMonitor monitor) {
        this.monitor = monitor;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of(
                "human-monitor-command",
                arguments -> monitor.run(arguments.text("command-line")),
                required("command-line", STRING),
                optional("cpu-index", INT)));
    }
}
