package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.firmware.FirmwareContribution.ReservedMemoryRange;
import dev.backplane.firmware.FirmwareContribution.SmmuNode;
import dev.backplane.shell.text.Table;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about the tables that firmware shows to a guest. */
@Component(service = FirmwareCommands.class)
@GogoCommand(scope = "board", function = "firmware")
public final class FirmwareCommands {
    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public FirmwareCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return what the devices contribute} */
    @Descriptor("Show what devices contribute to the tables of the firmware: memory that a guest must map at its own "
            + "address for an SMMU's devices (RMR), SMMU nodes")
    public String firmware(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        Board board = selection.board(session, name);
        List<FirmwareContribution> contributions = board.firmware();
        if (contributions.isEmpty()) {
            return "no device of board '%s' contributes to the firmware's tables".formatted(board.name());
        }
        var table = new Table(Output.isTerminal(session), "node", "SMMU", "contribution");
        for (FirmwareContribution contribution : contributions) {
            switch (contribution) {
                case ReservedMemoryRange range -> table.row(
                        "RMR",
                        range.smmu(),
                        "0x%x to 0x%x: %s".formatted(range.base(), range.base() + range.length() - 1, range.purpose()));
                case SmmuNode node -> table.row(
                        "SMMUv3",
                        node.smmu(),
                        "identifier %d, %s".formatted(node.identifier(), node.ats() ? "ATS" : "no ATS"));
            }
        }
        return table.render();
    }
}
