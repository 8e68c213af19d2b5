package dev.backplane.qtest;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import dev.backplane.board.Slot;
import dev.backplane.qtest.chardev.ConnectionHandler;
import dev.backplane.qtest.chardev.Endpoint;
import dev.backplane.qtest.chardev.EndpointService;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.object.UserObjects;
import dev.backplane.qtest.protocol.QtestServer;
import dev.backplane.qtest.qmp.QmpCatalog;
import dev.backplane.qtest.qmp.QmpServer;
import dev.backplane.qtest.qom.AnonymousSlots;
import dev.backplane.qtest.qom.MachineNames;
import dev.backplane.qtest.qom.QomTree;
import dev.backplane.qtest.qom.QomTypes;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.osgi.framework.BundleContext;

/** One run of a machine: composes the board, serves the protocols, waits for the end. For one use. */
final class MachineRun {
    private static final String PROGRAM = "backplane-system-aarch64: ";
    private static final String QTEST = "qtest";
    private static final String PARENT = "backplane.parent";
    /** What a remedy names that can only be done in a shell. */
    private static final String SHELL_COMMAND = "felix:";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int FAILED = 1;

    private final BundleContext context;
    private final Boards boards;
    private final OsgiProviders providers;
    private final SystemCommand command;
    private final AnonymousSlots anonymous = new AnonymousSlots();
    private final List<EndpointService> services = new CopyOnWriteArrayList<>();

    MachineRun(BundleContext context, Boards boards, OsgiProviders providers, SystemCommand command) {
        this.context = context;
        this.boards = boards;
        this.providers = providers;
        this.command = command;
    }

    /** {@return the exit status} */
    int run() throws CommandLineException, InterruptedException {
        try {
            if (!command.logItems().isEmpty()) {
                GuestErrors.show(command.logItems(), command.logFile());
            }
        } catch (IOException e) {
            throw new CommandLineException(e.getMessage());
        }
        String accelerator = accelerator();
        Optional<Board> board = command.machine().equals(SystemCommand.NO_MACHINE)
                ? Optional.empty()
                : Optional.of(compose(accelerator));
        var control = new MachineControl(board, command.stopped(), command.noReboot());
        var end = new ProcessEnd(control, services, command.pidfile());
        int status = FAILED;
        try {
            end.begin();
            open(board, control, accelerator);
            services.forEach(EndpointService::start);
            if (command.exitWithParent() && !ParentWatch.begin(Long.getLong(PARENT, 0))) {
                control.quit("host-signal");
            }
            if (command.shell()) {
                new ShellMonitor(context, providers).run(control);
            }
            status = control.end().join();
        } catch (IOException | IllegalStateException e) {
            if (!control.end().isDone()) { // else a signal has ended what this waited for
                System.err.println(PROGRAM + e.getMessage());
            }
        } finally {
            end.reached(status);
        }
        return status;
    }

    /** {@return the first accelerator that is there; with qtest, clients drive the clock} */
    private String accelerator() throws CommandLineException {
        for (String accelerator : command.accelerators()) {
            switch (accelerator) {
                case QTEST -> {
                    return QTEST;
                }
                case "kvm" -> {
                    if (providers.needAccelerator(accelerator)) {
                        return accelerator;
                    }
                }
                default -> {
                    System.err.println(PROGRAM + "warning: -accel tcg: no processor runs; devices and clients do");
                    return accelerator;
                }
            }
        }
        if (command.accelerators().isEmpty()) {
            return "tcg";
        }
        throw new CommandLineException("-accel kvm: there is no accelerator; the nearest supported one is -accel qtest");
    }

    private Board compose(String accelerator) throws CommandLineException, InterruptedException {
        var composition = new Composition(providers, command, anonymous);
        BoardDefinition definition = composition.definition(accelerator.equals(QTEST), accelerator);
        composition.warnings().forEach(warning -> System.err.println(PROGRAM + "warning: " + warning));
        Board board;
        try {
            board = boards.create(definition);
        } catch (IllegalArgumentException e) {
            throw new CommandLineException(e.getMessage());
        }
        board.slots().forEach(slot -> providers.needDevice(slot.definition().deviceType()));
        if (!settles(board)) {
            StringBuilder text = new StringBuilder("the machine is not complete:");
            for (Cause cause : board.why()) {
                text.append("\n  ").append(cause.subject()).append(": ").append(cause.reason());
                if (!cause.remedy().isEmpty() && (command.shell() || !cause.remedy().contains(SHELL_COMMAND))) {
                    text.append("; ").append(cause.remedy());
                }
            }
            throw new CommandLineException(text.toString());
        }
        return board;
    }

    /** Waits until the board is complete, or nothing more can be expected because a device was refused. */
    private static boolean settles(Board board) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < end) {
            if (board.awaitComplete(Duration.ofMillis(50))) {
                return true;
            }
            if (board.slots().stream().anyMatch(MachineRun::isRefused)) {
                return board.awaitComplete(Duration.ofMillis(50));
            }
        }
        return false;
    }

    private static boolean isRefused(Slot slot) {
        return slot.state() != Slot.State.RUNNING
                && slot.history().stream().anyMatch(entry -> entry.event().equals("REFUSED"));
    }

    /** Opens the endpoints: first qtest, then the monitors in the order of the command line. */
    private void open(Optional<Board> board, MachineControl control, String accelerator)
            throws IOException {
        var machines = new MachineNames(providers);
        UserObjects objects = objects(board.isPresent());
        var tree = new QomTree(board, command, objects, providers);
        if (command.qtest().isPresent()) {
            open("qtest", command.qtest().get(), new QtestServer(
                    board, tree::slot, (prefix, name) -> providers.startModule(prefix + name),
                    new QomTypes(providers, machines)::selfTest, command.qtestLog()));
        }
        if (!command.monitors().isEmpty()) {
            var catalog = new QmpCatalog(new QmpCatalog.Subject(
                    board, control, providers, command, accelerator, objects, tree, anonymous, machines));
            for (Endpoint monitor : command.monitors()) {
                open("qmp", monitor, new QmpServer(catalog, control));
            }
        }
    }

    /** {@return the objects of the command line, and RAM if that is not among them} */
    private UserObjects objects(boolean hasMemory) {
        List<UserObject> used = new ArrayList<>();
        List<UserObject> others = new ArrayList<>();
        for (UserObject object : command.objects()) {
            boolean isRam = command.ram().filter(object::equals).isPresent();
            boolean serves = object.type() == ObjectType.MONITOR_QMP || object.type() == ObjectType.QTEST;
            (isRam || serves ? used : others).add(object);
        }
        if (hasMemory && command.ram().isEmpty()) {
            used.add(new UserObject(
                    ObjectType.MEMORY_BACKEND_RAM, SystemCommand.RAM, Map.of("size", command.memory())));
        }
        return new UserObjects(used, others);
    }

    private void open(String name, Endpoint endpoint, ConnectionHandler handler) throws IOException {
        EndpointService service = EndpointService.of(name, endpoint, handler);
        services.add(service); // a signal may end the process while it opens: nothing of it stays behind then either
        service.open();
    }
}
