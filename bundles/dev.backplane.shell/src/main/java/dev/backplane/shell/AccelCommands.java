package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Slot;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** What accelerated SMMUs have at the host; the model shows it as the group {@code accelerated}. */
@Component(service = AccelCommands.class)
@GogoCommand(scope = "smmu", function = "accel")
public final class AccelCommands {
    private static final String ACCELERATED = "accelerated";
    private static final String STREAMS = "streams";

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public AccelCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return each accelerated SMMU with its streams} */
    @Descriptor("Show what accelerated SMMUs have at the host: per assigned stream its device, attachment, page table and "
            + "vDEVICE; the vIOMMU, ID registers, counters of invalidations and of events that were lost")
    public String accel(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: all that are accelerated") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        Board board = selection.board(session, name);
        var parts = new ArrayList<String>();
        for (Slot candidate : slot.isEmpty()
                ? Selection.able(board, IommuInspection.class)
                : List.of(Selection.slot(board, slot))) {
            candidate.with(Inspectable.class, Inspectable::inspect)
                    .flatMap(device -> Optional.ofNullable(device.child(ACCELERATED)))
                    .ifPresent(accelerated -> parts.add(show(candidate.name(), accelerated)));
        }
        if (parts.isEmpty()) {
            throw new IllegalArgumentException(slot.isEmpty()
                    ? "board '%s' has no accelerated SMMU; give one accel=on".formatted(board.name())
                    : "slot '%s' holds no accelerated SMMU; board:slots shows all".formatted(slot));
        }
        return String.join("\n\n", parts);
    }

    private static String show(String slot, InspectNode accelerated) {
        var rest = new ArrayList<InspectNode>();
        List<InspectNode> streams = List.of();
        for (InspectNode group : accelerated.children()) {
            if (group.name().equals(STREAMS)) {
                streams = group.children();
            } else {
                rest.add(group);
            }
        }
        String tree = Tree.draw(new InspectNode(slot, "", "", rest));
        if (streams.isEmpty()) {
            return tree;
        }
        var table = new Table(false, "StreamID", "host device", "attached to", "table", "vDEVICE", "why");
        for (InspectNode stream : streams) {
            table.row(stream.value(), value(stream, "host device"), value(stream, "attached to"),
                    value(stream, "table"), value(stream, "vDEVICE"), stream.child("attached to").note());
        }
        var details = new ArrayList<InspectNode>();
        streams.forEach(stream -> details.add(new InspectNode("StreamID " + stream.value(), "", "", stream.children()
                .stream().filter(field -> field.name().startsWith("host ID") || field.name().equals("STE")).toList())));
        return tree + "\n" + table.render() + "\n" + Tree.draw(InspectNode.group("behind the table", details));
    }

    private static String value(InspectNode stream, String field) {
        InspectNode found = stream.child(field);
        return found == null ? "-" : found.value();
    }
}
