package dev.backplane.qtest.qmp;

import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.MachineControl.RunState;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import dev.backplane.qtest.qom.MachineNames;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Questions about the machine as a whole. */
final class MachineQueries {
    /** What {@code -accel} takes. */
    private static final List<String> ACCELERATORS = List.of("kvm", "qtest", "tcg");

    /** Types of interrupt controllers by their versions, the newest first. */
    private static final Map<Long, String> GIC_TYPES = new TreeMap<>(Comparator.reverseOrder());

    static {
        GIC_TYPES.put(2L, "arm_gic");
        GIC_TYPES.put(3L, "arm-gicv3");
    }

    private final Subject subject;

    MachineQueries(Subject subject) {
        this.subject = subject;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("query-version", arguments -> QmpServer.version()));
        catalog.add(QmpCommand.of("query-status", arguments -> status()));
        catalog.add(QmpCommand.of("query-machines", arguments -> machines(),
                QmpCommand.optional("compat-props", QmpCommand.JsonType.BOOLEAN)));
        catalog.add(QmpCommand.of("query-current-machine", arguments -> Members.of("wakeup-suspend-support", false)));
        catalog.add(QmpCommand.of("query-target", arguments -> Members.of("arch", "aarch64")));
        catalog.add(QmpCommand.of("query-kvm", arguments -> kvm()));
        catalog.add(QmpCommand.of("query-accelerators", arguments -> Members.of(
                "enabled", subject.accelerator(), "present", ACCELERATORS)));
        catalog.add(QmpCommand.of("query-gic-capabilities", arguments -> gics()));
        catalog.add(QmpCommand.of("query-memory-size-summary", arguments -> Members.of(
                "base-memory", subject.board().isPresent() ? subject.command().memory() : 0L, "plugged-memory", 0L)));
    }

    /** What there is of interrupt controllers to choose from. */
    private Object gics() {
        boolean kernel = subject.board().flatMap(Board::virtualMachine)
                .map(VirtualMachine::irqchipInKernel)
                .orElse(false);
        List<Object> gics = new ArrayList<>();
        GIC_TYPES.forEach((version, type) -> {
            subject.providers().needDevice(type);
            if (subject.providers().deviceFactory(type).isPresent()) {
                gics.add(Members.of("version", version, "emulated", true, "kernel", kernel));
            }
        });
        return gics;
    }

    private Object kvm() {
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
                    "hotpluggable-cpus", false,
                    "name", entry.name(),
                    "numa-mem-supported", false,
                    "cpu-max", (long) entry.processors(),
                    "deprecated", false,
                    "acpi", versioned);
            if (versioned) {
                machine.put("alias", entry.alias());
                machine.put("default-ram-id", SystemCommand.RAM);
            }
            machines.add(machine);
        }
        return machines;
    }
}
