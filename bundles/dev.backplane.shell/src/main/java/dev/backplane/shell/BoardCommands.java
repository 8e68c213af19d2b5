package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PciFabric;
import dev.backplane.device.ResetKind;
import dev.backplane.inspect.InspectNode;
import dev.backplane.shell.text.Colour;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.TreeMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about whole boards. */
@Component(service = BoardCommands.class)
@GogoCommand(scope = "board", function = {"info", "list", "use", "reset", "create", "destroy"})
public final class BoardCommands {
    private final Boards boards;
    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public BoardCommands(@Reference Boards boards) {
        this.boards = boards;
        selection = new Selection(boards);
    }

    /** {@return what a board is made of} */
    @Descriptor("Show what a board is made of: machine, memory, buses, slots, time, counters")
    public String info(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        Board board = selection.board(session, name);
        var facts = new ArrayList<InspectNode>();
        facts.add(InspectNode.text("machine", board.definition().machine()));
        facts.add(InspectNode.text("state", board.isComplete() ? "complete" : "waiting"));
        for (Cause cause : board.why()) {
            facts.add(InspectNode.text("waits for", cause.subject()).withNote(cause.reason()));
        }
        var options = new ArrayList<InspectNode>();
        new TreeMap<>(board.definition().options()).forEach((key, value) -> options.add(InspectNode.text(key, value)));
        facts.add(InspectNode.group("options", options));
        board.machine().ifPresent(machine -> facts.add(InspectNode.group("RAM", machine.ram().stream()
                .map(bank -> InspectNode.hex(bank.name(), bank.base()).withNote("%d MiB%s"
                        .formatted(bank.size() >>> 20, bank.file().isEmpty() ? "" : ", file " + bank.file())))
                .toList())));
        facts.add(InspectNode.group("PCI root buses", board.pci().rootBuses().stream().map(BoardCommands::bus)
                .toList()));
        facts.add(InspectNode.number("slots", board.slots().size()).withNote("board:slots shows them"));
        facts.add(InspectNode.number("virtual time", board.clock().now())
                .withNote("ns, driven by " + (board.clock().isRealTime() ? "real time" : "steps")));
        var counters = new ArrayList<InspectNode>();
        new TreeMap<>(board.counters()).forEach((key, value) -> counters.add(InspectNode.number(key, value)));
        facts.add(InspectNode.group("counters", counters));
        return Tree.draw(InspectNode.group("board " + board.name(), facts));
    }

    private static InspectNode bus(PciFabric.RootBus bus) {
        return InspectNode.text(bus.name(), "bus 0x%02x to 0x%02x".formatted(bus.firstBus(), bus.lastBus()))
                .withNote(bus.iommuSlot().isEmpty() ? "no IOMMU" : "behind " + bus.iommuSlot());
    }

    /** {@return all boards} */
    @Descriptor("List all boards; the current one has a star")
    public String list(CommandSession session) {
        List<Board> all = boards.list();
        if (all.isEmpty()) {
            return "no boards; make one with board:create NAME";
        }
        String current = selection.board(session, "").name();
        var table = new Table(Output.isTerminal(session), "", "board", "machine", "state", ">slots", "waits for");
        for (Board board : all) {
            String cause = board.why().stream().findFirst().map(first -> first.subject() + ": " + first.reason())
                    .orElse("");
            table.paintedRow(board.isComplete() ? Colour.GREEN : Colour.YELLOW, 3,
                    board.name().equals(current) ? "*" : "",
                    board.name(), board.definition().machine(), board.isComplete() ? "complete" : "waiting",
                    board.slots().size(), cause);
        }
        return table.render();
    }

    /** {@return a confirmation} */
    @Descriptor("Make a board the current one of this session")
    public String use(
            CommandSession session,
            @Descriptor("board") @Completes(Completes.Kind.BOARD) String name) {
        Board board = selection.board(session, name);
        session.put(Selection.CURRENT, board.name());
        return "current board: " + board.name();
    }

    /** {@return a confirmation} */
    @Descriptor("Reset all devices of a board; RAM keeps its content")
    public String reset(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        Board board = selection.board(session, name);
        board.reset(ResetKind.COLD);
        return "board %s was reset".formatted(board.name());
    }

    /** {@return what was made} */
    @Descriptor("Make a board and wait until it is complete; it becomes the current one")
    public String create(
            CommandSession session,
            @Descriptor("machine type") @Completes(Completes.Kind.MACHINE)
            @Parameter(names = {"-m", "--machine"}, absentValue = "virt") String machine,
            @Descriptor("seconds to wait for it") @Parameter(names = {"-w", "--wait"}, absentValue = "10") String wait,
            @Descriptor("name of the new board") String name,
            @Descriptor("options of the machine as key=value, and devices as device=TYPE,key=value,…")
            String... options) throws InterruptedException {
        long seconds = Numbers.parse("wait", wait, 3600);
        var given = new LinkedHashMap<String, String>();
        var devices = new ArrayList<DeviceRequest>();
        for (String option : options) {
            if (option.startsWith("device=")) {
                List<String> parts = List.of(option.substring("device=".length()).split(","));
                if (parts.isEmpty() || parts.getFirst().isBlank() || parts.getFirst().contains("=")) {
                    throw new IllegalArgumentException("'%s': expected the device's type first, for example "
                            .formatted(option) + "device=edu,id=edu0; board:devices lists the types");
                }
                devices.add(KeyValues.request(parts.getFirst(), parts.subList(1, parts.size())));
            } else {
                KeyValues.put(given, option);
            }
        }
        Board board = boards.create(new BoardDefinition(name, machine, given, devices));
        session.put(Selection.CURRENT, name);
        if (board.awaitComplete(Duration.ofSeconds(seconds))) {
            return "board %s is complete: %d slots".formatted(name, board.slots().size());
        }
        return "board %s is not complete after %d s:%n%s".formatted(name, seconds, SlotCommands.table(board.why()));
    }

    /** {@return a confirmation} */
    @Descriptor("Dispose of a board, its devices and its memory")
    public String destroy(
            CommandSession session,
            @Descriptor("board") @Completes(Completes.Kind.BOARD) String name) {
        String found = selection.board(session, name).name();
        boards.destroy(found);
        if (found.equals(session.get(Selection.CURRENT))) {
            session.put(Selection.CURRENT, null);
        }
        return "board %s is gone".formatted(found);
    }
}
