package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Table;
import dev.backplane.shell.text.Tree;
import java.util.List;
import java.util.function.Consumer;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about an interrupt controller; the person plays the processor. */
@Component(service = GicCommands.class)
@GogoCommand(scope = "gic", function = {"pending", "irq", "cpus", "ack", "eoi", "drive"})
public final class GicCommands {
    private static final String GIC = "interrupt controller";
    private static final int PROCESSORS = 512;
    private static final int INTIDS = 1 << 24;
    private static final int FIRST_PPI = 16;
    private static final int FIRST_SPI = 32;
    private static final int LAST_SPI = 1019;

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public GicCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return the pending interrupts} */
    @Descriptor("List all pending interrupts, LPIs included")
    public String pending(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        var table = new Table(Output.isTerminal(session), ">INTID", "kind", ">CPU", ">priority", "enabled", "active",
                "group");
        List<InterruptInspection.PendingInterrupt> all = Selection.with(selection.board(session, name), slot,
                InterruptInspection.class, GIC, InterruptInspection::pending);
        for (InterruptInspection.PendingInterrupt pending : all) {
            table.row(pending.intid(), kind(pending.intid()), pending.processor() < 0 ? "-" : pending.processor(),
                    "0x%02x".formatted(pending.priority()), pending.enabled() ? "yes" : "no",
                    pending.active() ? "yes" : "no",
                    pending.group());
        }
        return table.isEmpty() ? "no interrupt is pending" : table.render();
    }

    /** {@return every fact about an interrupt} */
    @Descriptor("Show every fact about one interrupt")
    public String irq(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("processor, for banked interrupts and LPIs")
            @Parameter(names = {"-c", "--cpu"}, absentValue = "0")
            String cpu,
            @Descriptor("INTID") String intid) {
        int processor = processor(cpu);
        int number = intid(intid);
        return Selection.with(selection.board(session, name), slot, InterruptInspection.class, GIC,
                gic -> Tree.draw(gic.interrupt(processor, number)));
    }

    /** {@return CPU interfaces and redistributors} */
    @Descriptor("Show the CPU interfaces and redistributors")
    public String cpus(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return Selection.with(selection.board(session, name), slot, InterruptInspection.class, GIC,
                gic -> Tree.drawRegisters(gic.processorsState()));
    }

    /** {@return the interrupt that was acknowledged} */
    @Descriptor("Acknowledge the highest priority pending interrupt, as a processor does (ICC_IAR, GICC_IAR)")
    public String ack(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("interrupt group, 0 or 1")
            @Parameter(names = {"-g", "--group"}, absentValue = "1") String group,
            @Descriptor("processor, default 0") String... cpu) {
        Board board = selection.board(session, name);
        int processor = processor(OptionalArgument.of("processor", cpu).orElse("0"));
        int number = (int) Numbers.parse("group", group, 1);
        int intid = Selection.with(board, slot, CpuInterface.class, GIC, gic -> {
            checkProcessor(gic, processor);
            return gic.acknowledge(board.epochs().context(), processor, number);
        });
        return intid == CpuInterface.SPURIOUS
                ? "%d: nothing to acknowledge; gic:pending and gic:cpus tell why".formatted(intid)
                : "%d".formatted(intid);
    }

    /** {@return a confirmation} */
    @Descriptor("End an interrupt, as a processor does (ICC_EOIR, GICC_EOIR)")
    public String eoi(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("interrupt group, 0 or 1")
            @Parameter(names = {"-g", "--group"}, absentValue = "1") String group,
            @Descriptor("processor") String cpu,
            @Descriptor("INTID that was acknowledged") String intid) {
        Board board = selection.board(session, name);
        int processor = processor(cpu);
        int groupNumber = (int) Numbers.parse("group", group, 1);
        int number = intid(intid);
        return Selection.with(board, slot, CpuInterface.class, GIC, gic -> {
            checkProcessor(gic, processor);
            gic.endOfInterrupt(board.epochs().context(), processor, groupNumber, number);
            return "processor %d ended interrupt %d".formatted(processor, number);
        });
    }

    /** {@return a confirmation} */
    @Descriptor("Drive an input from outside the board, for example: gic:drive 40 pulse, gic:drive -c 1 27 on")
    public String drive(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("processor, for its private inputs 16 to 31")
            @Parameter(names = {"-c", "--cpu"}, absentValue = "0")
            String cpu,
            @Descriptor("INTID of the input, 16 to 1019") String intid,
            @Descriptor("on, off, or pulse for an edge") String level) {
        Board board = selection.board(session, name);
        String controller = slot.isEmpty()
                ? Selection.only(board, InterruptInspection.class, GIC).name()
                : Selection.slot(board, slot).name();
        int number = (int) Numbers.parse("INTID", intid, INTIDS - 1);
        if (number < FIRST_PPI || number > LAST_SPI) {
            throw new IllegalArgumentException("INTID %d is out of range: expected %d to %d for a private input of the "
                    .formatted(number, FIRST_PPI, FIRST_SPI - 1)
                    + "processor that -c names, or %d to %d".formatted(FIRST_SPI, LAST_SPI));
        }
        Consumer<Boolean> input;
        String what;
        if (number < FIRST_SPI) {
            int processor = processor(cpu);
            input = asserted -> board.drivePrivateInput(controller, processor, number, asserted);
            what = "input %d of processor %d of %s".formatted(number, processor, controller);
        } else {
            input = asserted -> board.driveInput(controller, number, asserted);
            what = "input %d of %s".formatted(number, controller);
        }
        switch (level) {
            case "on" -> input.accept(true);
            case "off" -> input.accept(false);
            case "pulse" -> {
                input.accept(true);
                input.accept(false);
            }
            default -> throw new IllegalArgumentException("level '%s': expected on, off or pulse".formatted(level));
        }
        return "%s: %s".formatted(what, level);
    }

    private static void checkProcessor(CpuInterface gic, int processor) {
        if (processor >= gic.processors()) {
            throw new IllegalArgumentException("processor %d: expected 0 to %d"
                    .formatted(processor, gic.processors() - 1));
        }
    }

    private static int processor(String text) {
        return (int) Numbers.parse("processor", text, PROCESSORS - 1);
    }

    private static int intid(String text) {
        return (int) Numbers.parse("INTID", text, INTIDS - 1);
    }

    private static String kind(int intid) {
        return intid < 16 ? "SGI" : intid < 32 ? "PPI" : intid < 1020 ? "SPI" : "LPI";
    }
}
