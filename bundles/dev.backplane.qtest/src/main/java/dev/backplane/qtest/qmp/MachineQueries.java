package dev.backplane.qtest.qmp;

import dev.backplane.board.Board;
import dev.backplane.qtest.control.MachineControl.RunState;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import dev.backplane.qtest.qom.MachineNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Questions about the machine as a whole. */
final class MachineQueries {
    private final Subject subject;

    MachineQueries(Subject subject) {
        this.subject = subject;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-version", arguments -> QmpServer.version()));
        catalog.add(QmpCommand.of("query-status", arguments -> status()));
        catalog.add(QmpCommand.of("query-machines", arguments -> machines(),
                QmpCommand.optional("compat-props", QmpCommand.JsonType.BOOLEAN)));
        catalog.add(QmpCommand.of("query-cpus-fast", arguments -> processors()));
        catalog.add(QmpCommand.of("query-cpu-definitions", arguments -> List.of(cpuDefinition())));
        catalog.add(QmpCommand.of("query-name", arguments -> subject.name().isEmpty()
                ? Map.of()
                : Members.of("name", subject.name())));
        catalog.add(QmpCommand.of("query-target", arguments -> Members.of("arch", "aarch64")));
        catalog.add(QmpCommand.of("query-kvm", arguments -> accelerator()));
    }

    private Object accelerator() {
        boolean runs = subject.board().flatMap(Board::virtualMachine).isPresent();
        return Members.of("enabled", runs, "present", runs);
    }

    private Object status() {
        RunState state = subject.control().state();
        return Members.of("running", state == RunState.RUNNING, "status", state.text());
    }

    private Object machines() {
        List<Object> machines = new ArrayList<>();
        for (MachineNames.Entry entry : subject.machines().list()) {
            boolean versioned = entry.isVersioned();
            Map<String, Object> machine = Members.of(
                    "hotpluggable-cpus", versioned,
                    "name", entry.name(),
                    "numa-mem-supported", versioned,
                    "cpu-max", (long) entry.processors(),
                    "deprecated", false,
                    "acpi", versioned);
            if (versioned) {
                machine.put("alias", entry.alias());
                machine.put("default-cpu-type", "max-arm-cpu");
                machine.put("default-ram-id", "mach-virt.ram");
            }
            machines.add(machine);
        }
        return machines;
    }

    private Map<String, Object> cpuDefinition() {
        return Members.of(
                "name", "max", "typename", "max-arm-cpu", "unavailable-features", List.of(), "static", false,
                "migration-safe", false, "deprecated", false);
    }

    private Object processors() {
        List<Object> processors = new ArrayList<>();
        for (long i = 0; subject.board().isPresent() && i < subject.processors(); i++) {
            processors.add(Members.of(
                    "cpu-index", i,
                    "qom-path", "/machine/unattached/device[%d]".formatted(i),
                    "qom-type", subject.cpu() + "-arm-cpu",
                    "thread-id", ProcessHandle.current().pid(),
                    "target", "aarch64",
                    "props", Members.of("core-id", i)));
        }
        return processors;
    }
}
