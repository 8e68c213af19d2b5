package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.memory.AccessKind;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Tree;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands that look into an SMMU; none of them changes it. */
@Component(service = SmmuCommands.class)
@GogoCommand(
        scope = "smmu",
        function = {"regs", "ste", "cd", "explain", "mappings", "events", "commands", "tlb", "cache", "stats"})
public final class SmmuCommands {
    private static final String SMMU = "SMMU";

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public SmmuCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return registers and fields} */
    @Descriptor("Show the registers of an SMMU with their fields")
    public String regs(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("show only registers whose names contain this, or one of these") String... filter) {
        Board board = selection.board(session, name);
        String of = slot.isEmpty() ? Selection.only(board, IommuInspection.class, SMMU).name() : slot;
        InspectNode all = Selection.with(board, of, Inspectable.class, "device with registers",
                Inspectable::inspect);
        if (filter.length == 0) {
            return Tree.drawRegisters(all);
        }
        List<String> wanted = Stream.of(filter).map(text -> text.toUpperCase(Locale.ROOT)).toList();
        InspectNode found = matching(all, wanted);
        if (found.children().isEmpty()) {
            throw new IllegalArgumentException("slot '%s' has no register whose name contains '%s'; smmu:regs shows all"
                    .formatted(of, String.join("' or '", filter)));
        }
        return Tree.drawRegisters(found);
    }

    private static InspectNode matching(InspectNode node, List<String> wanted) {
        List<InspectNode> kept = node.children().stream()
                .map(child -> isWanted(child, wanted) ? child : matching(child, wanted))
                .filter(child -> isWanted(child, wanted) || !child.children().isEmpty())
                .toList();
        return new InspectNode(node.name(), node.value(), node.note(), kept);
    }

    private static boolean isWanted(InspectNode node, List<String> wanted) {
        String name = node.name().toUpperCase(Locale.ROOT);
        return wanted.stream().anyMatch(name::contains);
    }

    /** {@return the stream table entry} */
    @Descriptor("Show how the stream table entry (STE) of a stream is found, and its fields")
    public String ste(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the one that governs the stream's bus")
            @Completes(Completes.Kind.SMMU) @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String stream) {
        int streamId = Requester.parse(stream);
        return ofStream(session, name, slot, streamId, smmu -> Tree.draw(smmu.streamTableEntry(streamId)));
    }

    /** {@return the context descriptor} */
    @Descriptor("Show how the context descriptor (CD) of a stream is found, and its fields")
    public String cd(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the one that governs the stream's bus")
            @Completes(Completes.Kind.SMMU) @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("SubstreamID (PASID)") @Parameter(names = {"-p", "--pasid"}, absentValue = "0") String pasid,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String stream) {
        int streamId = Requester.parse(stream);
        int substreamId = (int) Numbers.parse("PASID", pasid, 0xFFFFF);
        return ofStream(session, name, slot, streamId,
                smmu -> Tree.draw(smmu.contextDescriptor(streamId, substreamId)));
    }

    /** {@return the whole way} */
    @Descriptor("Explain a translation step by step, from the stream table to the address or the fault; for example: "
            + "smmu:explain 0x8 0xfffff040")
    public String explain(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the one that governs the stream's bus")
            @Completes(Completes.Kind.SMMU) @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("SubstreamID (PASID); default: none") @Parameter(names = {"-p", "--pasid"}, absentValue = "")
            String pasid,
            @Descriptor("explain a write; default: a read")
            @Parameter(names = {"-w", "--write"}, presentValue = "true", absentValue = "false") boolean write,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String stream,
            @Descriptor("input address") String iova) {
        int streamId = Requester.parse(stream);
        long address = Numbers.address("IOVA", iova);
        var attributes = Requester.attributes(streamId, pasid);
        AccessKind access = write ? AccessKind.WRITE : AccessKind.READ;
        return ofStream(session, name, slot, streamId, smmu -> {
            IommuInspection.Explanation explanation = smmu.explain(attributes, address, access);
            return Tree.draw(explanation.tree()) + "\n" + outcome(explanation.outcome());
        });
    }

    private static String outcome(IommuInspection.Outcome outcome) {
        return switch (outcome) {
            case IommuInspection.Outcome.Mapped mapped -> "=> 0x%x, %s, one entry covers %s".formatted(mapped.output(),
                    permission(mapped.readable(), mapped.writable()), size(mapped.size()));
            case IommuInspection.Outcome.Faulted faulted -> "=> " + faulted.reason() + faulted.record()
                    .map(words -> "\n   event record %016x %016x\n                %016x %016x"
                            .formatted(words[0], words[1], words[2], words[3]))
                    .orElse("\n   no event is recorded");
        };
    }

    /** Prints the mappings, one line each, as they are read. */
    @Descriptor("List every leaf mapping of a stream, read from the tables in memory")
    public void mappings(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the one that governs the stream's bus")
            @Completes(Completes.Kind.SMMU) @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor(Requester.HELP) @Completes(Completes.Kind.STREAM) String stream) {
        int streamId = Requester.parse(stream);
        PrintStream out = Output.stream();
        ofStream(session, name, slot, streamId, smmu -> {
            out.printf("%-25s  %12s  %5s  %-4s  %5s  %s%n", "input addresses", "output", "size", "perm", "level",
                    "context");
            long[] count = {0};
            boolean all = smmu.mappings(streamId, mapping -> {
                out.println(row(mapping));
                count[0]++;
            });
            out.println(count[0] + (all ? " mappings" : " mappings, and more that are not listed"));
            return count[0];
        });
    }

    private static String row(IommuInspection.LeafMapping mapping) {
        return "%012x-%012x  %12x  %5s  %-4s  %5d  %s%s".formatted(mapping.iova(), mapping.iova() + mapping.size() - 1,
                mapping.output(), size(mapping.size()), permission(mapping.readable(), mapping.writable()),
                        mapping.level(),
                mapping.asid() == 0 ? "" : "ASID " + mapping.asid() + " ",
                mapping.vmid() == 0 ? "" : "VMID " + mapping.vmid()).stripTrailing();
    }

    /** {@return the events} */
    @Descriptor("Show the records in the event queue that software has not consumed, decoded")
    public String events(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return ofSlot(session, name, slot, smmu -> listed("events", smmu.events()));
    }

    /** {@return the commands} */
    @Descriptor("Show the command queue, decoded, from the last consumed command back")
    public String commands(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("show at most so many")
            @Parameter(names = {"-n", "--number"}, absentValue = "20") String number) {
        int most = (int) Numbers.parse("number", number, Integer.MAX_VALUE);
        return ofSlot(session, name, slot, smmu -> {
            List<InspectNode> all = smmu.commands();
            return listed("commands (%d in the ring)".formatted(all.size()),
                    all.subList(0, Math.min(most, all.size())));
        });
    }

    /** {@return the TLB} */
    @Descriptor("Show the valid entries of the TLB")
    public String tlb(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return ofSlot(session, name, slot, smmu -> Tree.drawRegisters(smmu.tlb()));
    }

    /** {@return the configuration cache} */
    @Descriptor("Show the valid entries of the configuration cache")
    public String cache(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return ofSlot(session, name, slot, smmu -> Tree.drawRegisters(smmu.configurationCache()));
    }

    /** {@return the counters} */
    @Descriptor("Show counters: hits, misses, commands and events by type")
    public String stats(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the SMMU; default: the only one") @Completes(Completes.Kind.SMMU)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return ofSlot(session, name, slot, smmu -> Tree.draw(smmu.statistics()));
    }

    private <R> R ofSlot(CommandSession session, String name, String slot, Function<IommuInspection, R> use) {
        return Selection.with(selection.board(session, name), slot, IommuInspection.class, SMMU, use);
    }

    private <R> R ofStream(
            CommandSession session, String name, String slot, int streamId, Function<IommuInspection, R> use) {
        Board board = selection.board(session, name);
        return Selection.with(board, Selection.iommuOf(board, slot, streamId), IommuInspection.class, SMMU, use);
    }

    private static String listed(String what, List<InspectNode> nodes) {
        return nodes.isEmpty() ? "no " + what : Tree.drawRegisters(InspectNode.group(what, nodes));
    }

    private static String permission(boolean readable, boolean writable) {
        return (readable ? "r" : "-") + (writable ? "w" : "-");
    }

    static String size(long bytes) {
        String[] units = {"B", "K", "M", "G", "T"};
        if (bytes <= 0) {
            return "all";
        }
        int unit = Math.min(units.length - 1, Long.numberOfTrailingZeros(bytes) / 10);
        return (bytes >>> 10 * unit) + units[unit];
    }
}
