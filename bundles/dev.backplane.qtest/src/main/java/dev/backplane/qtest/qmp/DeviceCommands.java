package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.optional;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.device.DeviceFactory;
import dev.backplane.qtest.commandline.DeviceArguments;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import dev.backplane.qtest.qom.QomTree;
import dev.backplane.qtest.qom.QomTypes;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Commands that plug and unplug devices. */
final class DeviceCommands {
    private final Subject subject;

    DeviceCommands(Subject subject) {
        this.subject = subject;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(new QmpCommand(
                "device_add",
                List.of(required("driver", STRING), optional("id", STRING), optional("bus", STRING)),
                true,
                this::add));
        catalog.add(QmpCommand.of("device_del", this::remove, required("id", STRING)));
    }

    private Board board() throws QmpException {
        return subject.board().orElseThrow(() -> QmpException.generic("machine type none takes no devices"));
    }

    private Object add(QmpArguments arguments) throws QmpException {
        Board board = board();
        Map<String, String> properties;
        try {
            properties = DeviceArguments.ofJson(arguments.all());
        } catch (IllegalArgumentException e) {
            throw QmpException.generic(e.getMessage());
        }
        String driver = properties.remove("driver");
        DeviceRequest request = DeviceArguments.request(driver, subject.command().globals().with(driver, properties));
        if (!DeviceArguments.isIdentifier(request.id())) {
            throw QmpException.generic("Parameter 'id' expects an identifier");
        }
        if (board.slot(request.id()).filter(slot -> slot.definition().userCreated()).isPresent()) {
            throw QmpException.generic("Duplicate device ID '%s'".formatted(request.id()));
        }
        subject.providers().needDevice(driver);
        Optional<DeviceFactory> factory = subject.providers().deviceFactory(driver);
        if (factory.isEmpty()) {
            throw QmpException.generic(subject.providers().unmet(driver)
                    .orElseGet(() -> "'%s' is not a valid device model name".formatted(driver)));
        }
        if (!QomTypes.isPluggable(factory.get())) {
            throw QmpException.generic("Parameter 'driver' expects a pluggable device type, and machines make their '%s'"
                    .formatted(driver) + " themselves");
        }
        try {
            subject.tree().added(board.plug(request.id().isEmpty() ? named(request) : request));
        } catch (PlugException refused) {
            throw QmpException.generic(refused.getMessage());
        }
        return Map.of();
    }

    private DeviceRequest named(DeviceRequest request) {
        String slot = subject.anonymous().name(request.deviceType());
        return new DeviceRequest(
                request.deviceType(), slot, request.bus(), request.address(), request.properties());
    }

    private Object remove(QmpArguments arguments) throws QmpException {
        String id = arguments.text("id");
        String wanted = id.startsWith("/") ? id : QomTree.PERIPHERAL + id;
        String slot = subject.tree().slot(wanted).map(Slot::name).orElseThrow(() -> QmpException.deviceNotFound(id));
        String path = subject.tree().path(slot);
        try {
            board().unplug(slot);
        } catch (PlugException refused) {
            throw QmpException.generic(refused.getMessage());
        }
        Map<String, Object> data = new LinkedHashMap<>();
        if (path.startsWith(QomTree.PERIPHERAL)) {
            data.put("device", slot);
        }
        data.put("path", path);
        arguments.afterwards(() -> subject.control().tell("DEVICE_DELETED", data));
        return Map.of();
    }
}
