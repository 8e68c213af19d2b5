package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.board.Slot.HistoryEntry;
import dev.backplane.shell.text.Colour;
import dev.backplane.shell.text.Table;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands that change who is in a slot while everything runs, and that tell of such changes. */
@Component(service = ChangeCommands.class)
@GogoCommand(scope = "board", function = {"swap", "select", "history"})
public final class ChangeCommands {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");
    private static final String NO_PIN = "-";

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public ChangeCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return who serves the slot now} */
    @Descriptor("Give a slot a device with other property values, of the same implementation or of another one that is "
            + "there for them; its state goes on. For example: board:swap smmu0 accel=on")
    public String swap(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot") @Completes(Completes.Kind.SLOT) String slot,
            @Descriptor("values that change as key=value; the others stay") @Completes(Completes.Kind.SLOT_PROPERTY)
            String... properties) {
        Board board = selection.board(session, name);
        Slot found = Selection.slot(board, slot);
        var given = new LinkedHashMap<String, String>();
        for (String property : properties) {
            KeyValues.put(given, property);
        }
        try {
            board.swap(found.name(), given);
        } catch (PlugException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        return "slot %s has %s and is served by %s".formatted(
                found.name(), String.join(" ", properties), found.provider().orElse("nobody"));
    }

    /** {@return who serves the slot now} */
    @Descriptor("Pin a slot to one of several bundles that offer its device type; it takes over now. With - as the "
            + "bundle the service ranking decides again")
    public String select(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot") @Completes(Completes.Kind.SLOT) String slot,
            @Descriptor("symbolic name, symbolic name:version or ID of the bundle, or -") String bundle) {
        Board board = selection.board(session, name);
        Slot found = Selection.slot(board, slot);
        try {
            board.select(found.name(), bundle.equals(NO_PIN) ? "" : bundle);
        } catch (PlugException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
        return "slot %s is %s and served by %s".formatted(
                found.name(),
                found.pin().map(pin -> "pinned to " + pin).orElse("not pinned"),
                found.provider().orElse("nobody"));
    }

    /** {@return what happened} */
    @Descriptor("Show what happened to a slot, oldest first, with the time that each change took")
    public String history(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot") @Completes(Completes.Kind.SLOT) String slot) {
        Slot found = Selection.slot(selection.board(session, name), slot);
        return found.history().isEmpty()
                ? "nothing has happened to slot %s yet".formatted(found.name())
                : table(Output.isTerminal(session), found.history());
    }

    /** {@return what happened, as a table} */
    static String table(boolean coloured, List<HistoryEntry> history) {
        var table = new Table(coloured, "when", "event", ">took", "detail");
        history.forEach(entry -> table.paintedRow(
                colour(entry.event()),
                1,
                TIME.format(LocalTime.ofInstant(entry.at(), ZoneId.systemDefault())),
                entry.event(),
                took(entry.duration()),
                entry.detail()));
        return table.render();
    }

    private static Colour colour(String event) {
        return switch (event) {
            case "REALIZED", "RESUMED", "HANDED_OVER" -> Colour.GREEN;
            case "PARKED", "RESET", "REMOVED" -> Colour.YELLOW;
            default -> Colour.RED;
        };
    }

    private static String took(Duration duration) {
        long micros = duration.toNanos() / 1_000;
        return duration.isZero() ? "-"
                : micros < 1_000 ? micros + " µs"
                : micros < 1_000_000 ? "%d.%d ms".formatted(micros / 1_000, micros / 100 % 10)
                : "%d.%d s".formatted(micros / 1_000_000, micros / 100_000 % 10);
    }
}
