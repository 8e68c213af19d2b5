package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.memory.DmaPort;
import dev.backplane.shell.text.HexDump;
import dev.backplane.shell.text.Numbers;
import java.nio.charset.StandardCharsets;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands that do DMA as a PCI function would, through the IOMMU of its bus. */
@Component(service = DmaCommands.class)
@GogoCommand(scope = "dma", function = {"read", "write"})
public final class DmaCommands {
    private static final int DEFAULT_BLOCK = 64;

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public DmaCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return a dump} */
    @Descriptor("Read by DMA, for example: dma:read 0x8 0xfffff000 128; no function need be there")
    public String read(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("PASID (SubstreamID); default: none") @Parameter(names = {"-p", "--pasid"}, absentValue = "")
            String pasid,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String requester,
            @Descriptor("input address") String iova,
            @Descriptor("bytes to show, default 64; K and M may follow") String... length) {
        Board board = selection.board(session, name);
        long from = Numbers.address("IOVA", iova);
        int count = OptionalArgument.of("length", length)
                .map(typed -> Numbers.length(typed, MemCommands.LARGEST_BLOCK))
                .orElse(DEFAULT_BLOCK);
        return HexDump.of(from, new Access(board).read(port(board, requester, pasid), from, count));
    }

    /** {@return a confirmation} */
    @Descriptor("Write by DMA, for example: dma:write 00:03.0 0x10000 11223344, dma:write --text 3 0x10000 hello")
    public String write(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("PASID (SubstreamID); default: none") @Parameter(names = {"-p", "--pasid"}, absentValue = "")
            String pasid,
            @Descriptor("the data is text")
            @Parameter(names = {"-t", "--text"}, presentValue = "true", absentValue = "false")
            boolean text,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String requester,
            @Descriptor("input address") String iova,
            @Descriptor("bytes in hexadecimal, in the order of their addresses") String data) {
        Board board = selection.board(session, name);
        long to = Numbers.address("IOVA", iova);
        byte[] bytes = text ? data.getBytes(StandardCharsets.UTF_8) : HexDump.parse(data);
        new Access(board).write(port(board, requester, pasid), to, bytes);
        return "0x%x: wrote %d bytes".formatted(to, bytes.length);
    }

    private static DmaPort port(Board board, String requester, String pasid) {
        int requesterId = Requester.parse(requester);
        DmaPort port = board.pci().requesterPort(MemCommands.INITIATOR, Requester.address(requester));
        return pasid.isEmpty() ? port : port.with(Requester.attributes(requesterId, pasid));
    }
}
