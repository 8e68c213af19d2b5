package dev.backplane.qtest.qmp;

import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import java.util.Map;

/** Commands that change the run state. */
final class RunCommands {
    private final MachineControl control;

    RunCommands(Subject subject) {
        control = subject.control();
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("stop", arguments -> {
            control.stop();
            return Map.of();
        }));
        catalog.add(QmpCommand.of("cont", arguments -> {
            control.resume();
            return Map.of();
        }));
        catalog.add(QmpCommand.of("system_reset", arguments -> {
            arguments.afterwards(control.reset());
            return Map.of();
        }));
        catalog.add(QmpCommand.of("quit", arguments -> {
            arguments.afterwards(() -> control.quit("host-qmp-quit"));
            return Map.of();
        }));
    }
}
