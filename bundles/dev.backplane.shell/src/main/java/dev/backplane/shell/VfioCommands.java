package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.PciFabric;
import dev.backplane.board.Slot;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.pci.Bdf;
import dev.backplane.shell.text.Table;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.osgi.service.component.annotations.ReferencePolicyOption;

/** Commands about host devices that are assigned to a board. */
@Component(service = VfioCommands.class)
@GogoCommand(scope = "vfio", function = "list")
public final class VfioCommands {
    private final Selection selection;

    @Reference(
            cardinality = ReferenceCardinality.OPTIONAL,
            policy = ReferencePolicy.DYNAMIC,
            policyOption = ReferencePolicyOption.GREEDY)
    volatile HostIommu iommu;

    /** Made by the framework. */
    @Activate
    public VfioCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return the assigned devices} */
    @Descriptor("List the host devices that are assigned to the board: where they are, what they are attached to, "
            + "which IOMMU governs them, vectors in use")
    public String list(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        Board board = selection.board(session, name);
        Map<String, String> attached = attachments();
        var table = new Table(Output.isTerminal(session),
                "slot", "guest", "host", "iommufd", "IOMMU", ">vectors", "attached to");
        int rows = 0;
        for (Slot slot : board.slots()) {
            if (!slot.definition().deviceType().equals(HostCommands.ASSIGNED)) {
                continue;
            }
            rows++;
            String host = HostCommands.full(String.valueOf(slot.properties().get(HostCommands.HOST)));
            String iommufd = String.valueOf(slot.properties().getOrDefault("iommufd", ""));
            table.row(slot.name(), slot.pciAddress().map(Bdf::toString).orElse("-"), host,
                    iommufd.isEmpty() ? "-" : iommufd, governor(board, slot), vectors(slot),
                    attached.getOrDefault(host, slot.state().toString()));
        }
        return rows == 0
                ? "board '%s' has no host device; host:list shows all, board:plug vfio-pci host=ADDRESS plugs one"
                        .formatted(board.name())
                : table.render();
    }

    private static String vectors(Slot slot) {
        return slot.with(Inspectable.class, Inspectable::inspect)
                .map(device -> device.child("vectors"))
                .map(InspectNode::value)
                .orElse("-");
    }

    private static String governor(Board board, Slot slot) {
        Optional<Bdf> address = slot.pciAddress();
        return board.pci().rootBuses().stream()
                .filter(bus -> address.isPresent()
                        && address.get().bus() >= bus.firstBus()
                        && address.get().bus() <= bus.lastBus())
                .map(PciFabric.RootBus::iommuSlot)
                .filter(iommuSlot -> !iommuSlot.isEmpty())
                .findFirst()
                .orElse("-");
    }

    /** {@return what each device of the host is attached to, by its address, as its iommufd tells} */
    private Map<String, String> attachments() {
        var attached = new HashMap<String, String>();
        HostIommu host = iommu;
        if (host != null) {
            for (InspectNode file : host.inspect().children()) {
                for (InspectNode object : file.children()) {
                    int comma = object.note().indexOf(", ");
                    if (object.value().equals("device") && comma > 0) {
                        attached.put(object.note().substring(0, comma),
                                "%s: %s".formatted(file.name(), object.note().substring(comma + 2)
                                        .replace("attached to ", "")));
                    }
                }
            }
        }
        return attached;
    }
}
