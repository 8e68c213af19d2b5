package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.memory.DmaPort;
import dev.backplane.shell.text.HexDump;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Table;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about the system bus, as a CPU sees it. */
@Component(service = MemCommands.class)
@GogoCommand(scope = "mem", function = {"map", "read", "write"})
public final class MemCommands {
    static final String INITIATOR = "shell";
    static final int LARGEST_BLOCK = 1 << 20;
    private static final int DEFAULT_BLOCK = 64;
    private static final int PROCESSORS = 512;

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public MemCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return the memory map} */
    @Descriptor("Show the memory map: which RAM bank or device region answers where")
    public String map(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        var table = new Table(Output.isTerminal(session), ">from", ">to", "kind", "owner", "region");
        for (Board.MapEntry entry : selection.board(session, name).memoryMap()) {
            table.row("%010x".formatted(entry.base()), "%010x".formatted(entry.base() + entry.size() - 1), entry.kind(),
                    entry.owner(), entry.region());
        }
        return table.render();
    }

    /** {@return a dump, or the value} */
    @Descriptor("Read memory or registers, for example: mem:read 0x40000000 256, mem:read -w 4 0x9050000")
    public String read(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("read one value of 1, 2, 4 or 8 bytes as one access") @Completes(Completes.Kind.WIDTH)
            @Parameter(names = {"-w", "--width"}, absentValue = "") String width,
            @Descriptor("processor that makes the access, for registers that each has to itself")
            @Parameter(names = {"-c", "--cpu"}, absentValue = "0") String cpu,
            @Descriptor("guest-physical address") String address,
            @Descriptor("bytes to show, default 64; K and M may follow") String... length) {
        Board board = selection.board(session, name);
        long from = Numbers.address("address", address);
        Optional<String> block = OptionalArgument.of("length", length);
        var access = new Access(board);
        if (!width.isEmpty()) {
            int size = width(width);
            return "0x%0{w}x".replace("{w}", Integer.toString(2 * size))
                    .formatted(access.readScalar(port(board, cpu), from, size));
        }
        int count = block.map(typed -> Numbers.length(typed, LARGEST_BLOCK)).orElse(DEFAULT_BLOCK);
        return HexDump.of(from, access.read(port(board, cpu), from, count));
    }

    /** {@return a confirmation} */
    @Descriptor("Write one value, for example: mem:write -w 8 0x40000000 0x1122334455667788")
    public String write(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("1, 2, 4 or 8 bytes as one access") @Completes(Completes.Kind.WIDTH)
            @Parameter(names = {"-w", "--width"}, absentValue = "4") String width,
            @Descriptor("processor that makes the access, for registers that each has to itself")
            @Parameter(names = {"-c", "--cpu"}, absentValue = "0") String cpu,
            @Descriptor("guest-physical address") String address,
            @Descriptor("value") String value) {
        Board board = selection.board(session, name);
        int size = width(width);
        long to = Numbers.address("address", address);
        long data = Numbers.parse("value", value, size == 8 ? -1L : (1L << 8 * size) - 1);
        new Access(board).writeScalar(port(board, cpu), to, size, data);
        return "0x%x: wrote 0x%0{w}x".replace("{w}", Integer.toString(2 * size)).formatted(to, data);
    }

    private static DmaPort port(Board board, String cpu) {
        int processor = (int) Numbers.parse("processor", cpu, PROCESSORS - 1);
        DmaPort port = board.systemPort(INITIATOR);
        return processor == 0 ? port : port.with(port.attributes().withProcessor(processor));
    }

    private static int width(String text) {
        int size = (int) Numbers.parse("width", text, 8);
        if (size != 1 && size != 2 && size != 4 && size != 8) {
            throw new IllegalArgumentException("width %d: expected 1, 2, 4 or 8 bytes".formatted(size));
        }
        return size;
    }
}
