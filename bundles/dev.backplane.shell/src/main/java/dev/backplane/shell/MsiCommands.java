package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.pci.Bdf;
import dev.backplane.shell.text.Numbers;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands that send message-signalled interrupts. */
@Component(service = MsiCommands.class)
@GogoCommand(scope = "msi", function = "send")
public final class MsiCommands {
    private static final int MSI_SIZE = 4;
    private static final int VECTORS = 2048;

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public MsiCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return a confirmation} */
    @Descriptor("Send an MSI: a vector of a function (msi:send 00:03.0 1), or as any requester with an address "
            + "(msi:send -a 0xfffff040 0x8 2)")
    public String send(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("doorbell as the requester addresses it; VECTOR is then the data of the message")
            @Parameter(names = {"-a", "--address"}, absentValue = "") String doorbell,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.FUNCTION) String requester,
            @Descriptor("vector, from 0; with --address, the data") String vector) {
        Board board = selection.board(session, name);
        Bdf address = Requester.address(requester);
        var access = new Access(board);
        if (doorbell.isEmpty()) {
            int number = (int) Numbers.parse("vector", vector, VECTORS - 1);
            if (board.pci().functions().stream().noneMatch(function -> function.address().equals(address))) {
                throw new IllegalArgumentException(("board '%s' has no PCI function %s; pci:list shows all, and "
                        + "msi:send -a ADDRESS writes to a doorbell as any requester")
                        .formatted(board.name(), address));
            }
            access.finish(board.pci().sendMsi(access.context(), address, number),
                    "MSI of vector %d of %s".formatted(number, address));
            return "%s sent vector %d; gic:pending shows what arrived".formatted(address, number);
        }
        long to = Numbers.address("address", doorbell);
        long data = Numbers.parse("data", vector, 0xFFFF_FFFFL);
        access.writeScalar(board.pci().requesterPort(MemCommands.INITIATOR, address), to, MSI_SIZE, data);
        return "%s wrote 0x%x to 0x%x; gic:pending shows what arrived".formatted(address, data, to);
    }
}
