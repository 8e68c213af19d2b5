package dev.backplane.qtest.fake;

import dev.backplane.board.Board;
import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.CommandLineParser;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.MachineControl;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.object.UserObjects;
import dev.backplane.qtest.qmp.QmpCatalog;
import dev.backplane.qtest.qom.AnonymousSlots;
import dev.backplane.qtest.qom.MachineNames;
import dev.backplane.qtest.qom.QomTree;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What commands speak about when a command line has led to a board. */
public final class FakeRun {
    private final Optional<Board> board;
    private final SystemCommand command;
    private final FakeProviders providers = new FakeProviders();
    private final UserObjects objects;

    /** Takes a board and what follows {@code -machine virt} on the command line. */
    public FakeRun(Board board, String more) {
        this.board = Optional.of(board);
        try {
            command = CommandLineParser.parse(Arrays.asList(("-machine virt " + more).strip().split(" ")));
        } catch (CommandLineException e) {
            throw new IllegalArgumentException(e);
        }
        var ram = new UserObject(ObjectType.MEMORY_BACKEND_RAM, "mach-virt.ram", Map.of("size", command.memory()));
        objects = new UserObjects(List.of(ram), command.objects());
    }

    /** {@return its objects} */
    public QomTree tree() {
        return new QomTree(board, command, objects, providers);
    }

    /** {@return what commands speak about} */
    public QmpCatalog.Subject subject(MachineControl control) {
        return new QmpCatalog.Subject(
                board, control, providers, command, "qtest", objects, tree(), new AnonymousSlots(),
                new MachineNames(providers));
    }
}
