package dev.backplane.shell;

import dev.backplane.board.Boards;
import dev.backplane.irq.MsiInspection;
import dev.backplane.shell.text.Numbers;
import dev.backplane.shell.text.Tree;
import java.util.function.Function;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about an MSI controller: an ITS, or v2m frames. */
@Component(service = ItsCommands.class)
@GogoCommand(scope = "its", function = {"route", "translate", "devices", "commands", "errors"})
public final class ItsCommands {
    private static final String MSI_CONTROLLER = "MSI controller";

    private final Selection selection;

    /** Made by the framework. */
    @Activate
    public ItsCommands(@Reference Boards boards) {
        selection = new Selection(boards);
    }

    /** {@return the way of a message} */
    @Descriptor("Explain step by step how a message would be translated: device, event, interrupt, processor")
    public String translate(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the MSI controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("DeviceID as a number, or a PCI address such as 00:01.0") @Completes(Completes.Kind.FUNCTION)
            String device,
            @Descriptor("EventID, the data of the message") String event) {
        int deviceId = Requester.parse("DeviceID", device);
        int eventId = (int) Numbers.parse("EventID", event, Integer.MAX_VALUE);
        return on(session, name, slot, its -> {
            MsiInspection.Route route = its.route(deviceId, eventId);
            return Tree.draw(route.explanation()) + "\n=> " + end(route);
        });
    }

    /** {@return where a message goes} */
    @Descriptor("Say in one line where a message goes; its:translate says why")
    public String route(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the MSI controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot,
            @Descriptor("DeviceID as a number, or a PCI address such as 00:01.0") @Completes(Completes.Kind.FUNCTION)
            String device,
            @Descriptor("EventID, the data of the message") String event) {
        int deviceId = Requester.parse("DeviceID", device);
        int eventId = (int) Numbers.parse("EventID", event, Integer.MAX_VALUE);
        return on(session, name, slot, its -> {
            MsiInspection.Route route = its.route(deviceId, eventId);
            return "DeviceID 0x%x, EventID 0x%x: %s%s".formatted(
                    deviceId, eventId, end(route), route.intid().isEmpty() ? "; its:translate says why" : "");
        });
    }

    private static String end(MsiInspection.Route route) {
        if (route.intid().isEmpty()) {
            return "dropped";
        }
        return "INTID " + route.intid().getAsInt()
                + (route.processor().isPresent() ? " at processor " + route.processor().getAsInt() : "");
    }

    /** {@return mapped devices and events} */
    @Descriptor("Show the mapped devices and their events")
    public String devices(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the MSI controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return on(session, name, slot, its -> Tree.drawRegisters(its.devices()));
    }

    /** {@return the command queue} */
    @Descriptor("Show the command queue, decoded")
    public String commands(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the MSI controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return on(session, name, slot, its -> Tree.drawRegisters(its.commands()));
    }

    /** {@return errors with counts} */
    @Descriptor("Show errors by their architectural codes, with counts")
    public String errors(
            CommandSession session,
            @Descriptor("board; default: the current one") @Completes(Completes.Kind.BOARD)
            @Parameter(names = {"-b", "--board"}, absentValue = "") String name,
            @Descriptor("slot of the MSI controller; default: the only one") @Completes(Completes.Kind.SLOT)
            @Parameter(names = {"-s", "--slot"}, absentValue = "") String slot) {
        return on(session, name, slot, its -> Tree.draw(its.errors()));
    }

    private <R> R on(CommandSession session, String name, String slot, Function<MsiInspection, R> use) {
        return Selection.with(selection.board(session, name), slot, MsiInspection.class, MSI_CONTROLLER, use);
    }
}
