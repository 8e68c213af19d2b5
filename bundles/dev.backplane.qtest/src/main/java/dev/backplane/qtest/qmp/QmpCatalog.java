package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.ARRAY;
import static dev.backplane.qtest.qmp.QmpCommand.optional;

import dev.backplane.board.Board;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.hmp.HumanMonitor;
import dev.backplane.qtest.object.UserObjects;
import dev.backplane.qtest.qom.AnonymousSlots;
import dev.backplane.qtest.qom.MachineNames;
import dev.backplane.qtest.qom.QomTree;
import dev.backplane.qtest.qom.QomTypes;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** All commands by name. Immutable when made. */
public final class QmpCatalog {
    static final String NEGOTIATION = "qmp_capabilities";

    /** The capability of sending commands that overtake others; there is none that may. */
    static final String OUT_OF_BAND = "oob";

    /** What can be enabled. */
    static final List<String> CAPABILITIES = List.of(OUT_OF_BAND);

    private final Map<String, QmpCommand> commands = new TreeMap<>();

    /**
     * What commands speak about.
     *
     * @param board the board, or empty for machine type none
     * @param control run state, reset, end
     * @param providers machine types and device factories
     * @param command the command line
     * @param accelerator the accelerator that it has led to
     * @param objects what users have made beside devices
     * @param tree objects, devices among them
     * @param anonymous names for devices without an id
     * @param machines machines by the names that clients use
     */
    public record Subject(
            Optional<Board> board,
            MachineControl control,
            Providers providers,
            SystemCommand command,
            String accelerator,
            UserObjects objects,
            QomTree tree,
            AnonymousSlots anonymous,
            MachineNames machines) {}

    /** Makes all commands. */
    public QmpCatalog(Subject subject) {
        add(QmpCommand.of(NEGOTIATION, QmpCatalog::negotiate, optional("enable", ARRAY)));
        new MachineQueries(subject).addTo(this);
        new ProcessorQueries(subject).addTo(this);
        new CommandLineQueries(subject).addTo(this);
        new AbsenceQueries().addTo(this);
        new ObjectCommands(subject).addTo(this);
        new RunCommands(subject).addTo(this);
        new QomCommands(subject, new QomTypes(subject.providers(), subject.machines())).addTo(this);
        new DeviceCommands(subject).addTo(this);
        new PciQuery(subject.board()).addTo(this);
        new MemoryFileCommands(subject.board()).addTo(this);
        new MonitorCommand(new HumanMonitor(subject.board(), subject.tree())).addTo(this);
        new Schema(commands.values()).addTo(this);
    }

    private static Object negotiate(QmpArguments arguments) throws QmpException {
        if (arguments.value("enable") instanceof List<?> wanted) {
            for (int i = 0; i < wanted.size(); i++) {
                if (!CAPABILITIES.contains(wanted.get(i))) {
                    throw QmpException.generic("Parameter 'enable[%d]' does not accept value '%s'; it must be one of %s"
                            .formatted(i, wanted.get(i), String.join(", ", CAPABILITIES)));
                }
            }
        }
        return Map.of();
    }

    void add(QmpCommand command) {
        commands.put(command.name(), command);
    }

    Optional<QmpCommand> find(String name) {
        return Optional.ofNullable(commands.get(name));
    }

    Collection<QmpCommand> all() {
        return commands.values();
    }
}
