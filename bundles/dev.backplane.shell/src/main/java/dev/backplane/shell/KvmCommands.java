package dev.backplane.shell;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.MsiRoutes.Refusal;
import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.inspect.InspectNode;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.util.List;
import java.util.Locale;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about the accelerator that runs a board's guest. */
@Component(service = KvmCommands.class)
@GogoCommand(scope = "kvm", function = "routes")
public final class KvmCommands {
    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public KvmCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return the routes, those that were refused, and with {@code -v} what the accelerator has} */
    @Descriptor("List the message routes in the accelerator's interrupt controller: what the guest programmed, the doorbell "
            + "in the route and how it was found; then the routes that were refused, the last ones first")
    public String routes(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("also show the accelerator's table, its irqfds and what became of their signals")
            @Parameter(names = {"-v", "--verbose"}, absentValue = "false", presentValue = "true") boolean verbose) {
        Board board = selection.board(session, name);
        VirtualMachine vm = board.virtualMachine()
                .orElseThrow(() -> new IllegalArgumentException(
                        "board '%s' has no accelerator; make it with accel=kvm".formatted(board.name())));
        var text = new StringBuilder();
        board.msiRoutes().ifPresentOrElse(
                routes -> text.append(describe(session, routes)),
                () -> text.append("the interrupt controllers of board '%s' are in user space (kernel-irqchip=off): "
                                .formatted(board.name()))
                        .append("there are no routes"));
        if (verbose) {
            InspectNode inside = vm.inspect();
            text.append('\n').append(Tree.draw(inside));
        }
        return text.toString();
    }

    private static String describe(CommandSession session, MsiRoutes routes) {
        List<Route> now = routes.routes();
        List<Refusal> refusals = routes.refusals();
        var text = new StringBuilder();
        if (now.isEmpty()) {
            text.append("no vector has a route");
        } else {
            var table = new Table(
                    Output.isTerminal(session),
                    ">GSI", "function", "slot", ">vector", "address", "doorbell", "data", "DeviceID", "fix-up");
            for (Route route : now) {
                table.row(
                        route.gsi(),
                        route.function(),
                        route.slot(),
                        route.vector(),
                        hex(route.iova()),
                        hex(route.doorbell()),
                        hex(route.data() & 0xFFFF_FFFFL),
                        hex(route.deviceId()),
                        route.fixup().name().toLowerCase(Locale.ROOT));
            }
            text.append(table.render());
        }
        if (!refusals.isEmpty()) {
            var table = new Table(Output.isTerminal(session), "slot", ">vector", "address", "refused because");
            for (Refusal refusal : refusals) {
                table.row(refusal.slot(), refusal.vector(), hex(refusal.iova()), refusal.reason());
            }
            text.append("\n\n").append(table.render());
        }
        return text.toString();
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
