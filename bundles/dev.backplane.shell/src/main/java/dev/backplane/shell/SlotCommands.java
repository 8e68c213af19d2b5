package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.Cause;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.shell.text.Colour;
import dev.backplane.shell.text.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about the slots of a board and the devices in them. */
@Component(service = SlotCommands.class)
@GogoCommand(scope = "board", function = {"devices", "slots", "why", "plug", "unplug", "update"})
public final class SlotCommands {
    private final Selection selection;
    private final DeviceTypes types;
    private final BundleFiles files;

    /** Made by the framework. */
    @Activate
    public SlotCommands(BundleContext context, @Reference Boards boards, @Reference DeviceTypes types) {
        this(boards, types, new BundleFiles(context.getProperty("backplane.home")));
    }

    SlotCommands(Boards boards, DeviceTypes types, BundleFiles files) {
        this.files = files;
        selection = new Selection(boards);
        this.types = types;
    }

    /** {@return device types, or the properties of one} */
    @Descriptor("List the device types that can be plugged, or the properties of one")
    public String devices(
            CommandSession session,
            @Descriptor("device type; without it, all types are listed") @Completes(Completes.Kind.DEVICE_TYPE)
            String... type) {
        Optional<String> wanted = OptionalArgument.of("device type", type);
        if (wanted.isEmpty()) {
            var table = new Table(Output.isTerminal(session), "type", "what it is");
            types.all().forEach(factory -> table.row(factory.type(), factory.description()));
            return table.isEmpty() ? "no device types; install a bundle that has some" : table.render();
        }
        DeviceFactory factory = types.find(wanted.get());
        var table = new Table(Output.isTerminal(session), "property", "type", "default", "what it does");
        for (PropertyDescriptor property : factory.properties()) {
            String kind = property.choices().isEmpty()
                    ? property.type().name().toLowerCase(Locale.ROOT)
                    : String.join("|", property.choices());
            table.row(property.name(), kind, property.defaultValue().equals("") ? "-" : property.defaultValue(),
                    property.description() + (property.wiring() ? " (set by the board)" : ""));
        }
        String heading = factory.type() + ": " + factory.description();
        return table.isEmpty() ? heading + "\nit has no properties" : heading + "\n" + table.render();
    }

    /** {@return the slots of a board} */
    @Descriptor("List the slots of a board: what is in each, its state, who serves it, how often it changed hands")
    public String slots(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name) {
        Board board = selection.board(session, name);
        var table = new Table(Output.isTerminal(session), "slot", "type", "state", "at", ">swaps", ">aborts",
                "served by");
        for (Slot slot : board.slots()) {
            table.paintedRow(colour(slot.state()), 2, slot.name(), slot.definition().deviceType(), slot.state(),
                    place(board, slot),
                    slot.handOvers(), slot.aborts(), slot.provider().orElse("-"));
        }
        return table.isEmpty() ? "board %s has no slots; type board:why".formatted(board.name()) : table.render();
    }

    private static String place(Board board, Slot slot) {
        return slot.pciAddress().map(Object::toString).orElseGet(() -> board.memoryMap().stream()
                .filter(entry -> entry.owner().equals(slot.name()))
                .findFirst()
                .map(entry -> "0x" + Long.toHexString(entry.base()))
                .orElse("-"));
    }

    private static Colour colour(Slot.State state) {
        return switch (state) {
            case RUNNING -> Colour.GREEN;
            case PARKED, EMPTY -> Colour.YELLOW;
            case FAILED -> Colour.RED;
        };
    }

    /** {@return the causes} */
    @Descriptor("Say why a slot, or the board, is not running: the first real cause and what would help")
    public String why(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot; without it, the whole board") @Completes(Completes.Kind.SLOT) String... slot) {
        Board board = selection.board(session, name);
        Optional<String> wanted = OptionalArgument.of("slot", slot);
        if (wanted.isEmpty()) {
            return board.why().isEmpty() ? "board %s is complete".formatted(board.name()) : table(board.why());
        }
        Slot found = Selection.slot(board, wanted.get());
        var text = new ArrayList<String>();
        text.add(found.why().isEmpty() ? "slot %s is %s".formatted(found.name(), found.state()) : table(found.why()));
        if (!found.history().isEmpty()) {
            text.add("\nwhat happened to it");
            text.add(ChangeCommands.table(Output.isTerminal(session), found.history()));
        }
        return String.join("\n", text);
    }

    static String table(List<Cause> causes) {
        return causes.stream()
                .map(cause -> "%s: %s%s".formatted(cause.subject(), cause.reason(),
                        cause.remedy().isEmpty() ? "" : "\n  what would help: " + cause.remedy()))
                .collect(Collectors.joining("\n"));
    }

    /** {@return where it is} */
    @Descriptor("Plug a device into a board, for example: board:plug edu id=e1 addr=05.0 dma_mask=0xffffffff")
    public String plug(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("device type; board:devices lists them") @Completes(Completes.Kind.DEVICE_TYPE) String type,
            @Descriptor("id=NAME, bus=BUS, addr=DEVICE.FUNCTION, and properties of the device as key=value")
            @Completes(Completes.Kind.DEVICE_PROPERTY) String... properties) {
        Board board = selection.board(session, name);
        types.find(type);
        try {
            Slot slot = board.plug(KeyValues.request(type, List.of(properties)));
            return "%s is in slot %s%s".formatted(type, slot.name(),
                    slot.pciAddress().map(address -> " at " + address).orElse(""));
        } catch (PlugException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** {@return a confirmation} */
    @Descriptor("Unplug a device that was plugged before")
    public String unplug(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the device") @Completes(Completes.Kind.PLUGGED_SLOT) String slot) {
        Board board = selection.board(session, name);
        String found = Selection.slot(board, slot).name();
        try {
            board.unplug(found);
            return "slot %s is gone".formatted(found);
        } catch (PlugException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    /** {@return who serves the slot now} */
    @Descriptor("Replace the bundle behind a slot by a new version, while everything runs")
    public String update(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot") @Completes(Completes.Kind.SLOT) String slot,
            @Descriptor("file of the new bundle, or the file name of a shipped one") @Completes(Completes.Kind.FILE) String jar) {
        Board board = selection.board(session, name);
        Slot found = Selection.slot(board, slot);
        Path file = files.find(session.currentDir(), jar);
        try {
            board.update(found.name(), file);
            return "slot %s is served by %s".formatted(found.name(), found.provider().orElse("nobody"));
        } catch (PlugException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }
}
