package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.Bdf;
import dev.backplane.shell.pci.ClassCodes;
import dev.backplane.shell.pci.FunctionDecoder;
import dev.backplane.shell.text.NearMiss;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about PCI functions. */
@Component(service = PciCommands.class)
@GogoCommand(scope = "pci", function = {"list", "show"})
public final class PciCommands {
    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public PciCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return buses and functions} */
    @Descriptor("List the PCI root buses with their IOMMUs, and all functions")
    public String list(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        PciFabric pci = selection.board(session, name).pci();
        var buses = new Table(Output.isTerminal(session), "root bus", "buses", "IOMMU");
        pci.rootBuses().forEach(bus -> buses.row(bus.name(), "%02x-%02x".formatted(bus.firstBus(), bus.lastBus()),
                bus.iommuSlot().isEmpty() ? "-" : bus.iommuSlot()));
        var functions = new Table(Output.isTerminal(session), "address", ">StreamID", "IDs", "slot", "type", "class");
        for (PciFabric.Function function : pci.functions()) {
            functions.row(function.address(), "0x%x".formatted(function.address().requesterId()),
                    "%04x:%04x".formatted(function.vendorId(), function.deviceId()),
                    function.slot().isEmpty() ? "-" : function.slot(), function.deviceType(),
                    ClassCodes.name(function.classCode()));
        }
        return buses.render() + "\n\n" + functions.render();
    }

    /** {@return decoded configuration space} */
    @Descriptor("Show a function's configuration space, decoded: header, BARs, capabilities")
    public String show(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("PCI address such as 00:01.0, a StreamID, or a slot") @Completes(Completes.Kind.FUNCTION)
            String function) {
        Board board = selection.board(session, name);
        PciFabric pci = board.pci();
        PciFabric.Function found = find(pci.functions(), function);
        TransactionContext context = board.epochs().context();
        return Tree.draw(new FunctionDecoder((offset, size) -> pci.readConfig(context, found.address(), offset, size))
                .decode(found));
    }

    private static PciFabric.Function find(List<PciFabric.Function> functions, String wanted) {
        for (PciFabric.Function function : functions) {
            if (!wanted.isEmpty() && function.slot().equals(wanted)) {
                return function;
            }
        }
        boolean number = !wanted.isEmpty() && Character.isDigit(wanted.charAt(0));
        boolean address = number || wanted.contains(":") || wanted.contains(".");
        Bdf bdf = address ? Requester.address(wanted) : null;
        return functions.stream()
                .filter(function -> function.address().equals(bdf))
                .findFirst()
                .orElseThrow(() -> NearMiss.unknown("function", wanted,
                        functions.stream().map(known -> address ? known.address().toString() : known.slot())
                                .filter(text -> !text.isEmpty()).toList(), "pci:list shows all"));
    }
}
