package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.qtest.commandline.DeviceArguments;
import dev.backplane.qtest.commandline.Nearest;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.object.UserObjects;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Commands about the objects that users make beside devices. */
final class ObjectCommands {
    private static final String TYPE = "qom-type";
    private static final String ID = "id";

    private final Optional<Board> board;
    private final UserObjects objects;

    ObjectCommands(Subject subject) {
        board = subject.board();
        objects = subject.objects();
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(new QmpCommand(
                "object-add", List.of(required(TYPE, STRING), required(ID, STRING)), true, this::add));
        catalog.add(QmpCommand.of("object-del", this::remove, required(ID, STRING)));
        catalog.add(QmpCommand.of("query-memdev", arguments -> objects.all().stream()
                .filter(object -> object.type().isMemory())
                .map(ObjectCommands::memory)
                .toList()));
    }

    private Object add(QmpArguments arguments) throws QmpException {
        ObjectType type = type(arguments.text(TYPE));
        if (type == ObjectType.MONITOR_QMP || type == ObjectType.QTEST) {
            throw QmpException.generic(
                    "%s serves from the start only: use -object %s".formatted(type.typeName(), type.typeName()));
        }
        String id = arguments.text(ID);
        if (id.isEmpty() || !DeviceArguments.isIdentifier(id)) {
            throw QmpException.generic("Parameter 'id' expects an identifier");
        }
        Map<String, Object> values = new LinkedHashMap<>(arguments.all());
        values.remove(TYPE);
        values.remove(ID);
        try {
            objects.add(new UserObject(type, id, values));
        } catch (IllegalArgumentException e) {
            throw QmpException.generic(e.getMessage());
        }
        return Map.of();
    }

    private static ObjectType type(String name) throws QmpException {
        Optional<ObjectType> type = ObjectType.find(name);
        if (type.isEmpty()) {
            throw QmpException.generic("Parameter 'qom-type' does not accept value '%s'; the nearest one is %s".formatted(
                    name, Nearest.to(name, Arrays.stream(ObjectType.values()).map(ObjectType::typeName).toList())));
        }
        return type.get();
    }

    private Object remove(QmpArguments arguments) throws QmpException {
        String id = arguments.text(ID);
        Optional<UserObject> object = objects.find(id);
        if (object.isPresent()) {
            String property = object.get().type().typeName();
            for (Slot slot : board.map(Board::slots).orElse(List.of())) {
                if (id.equals(slot.properties().get(property))) {
                    throw QmpException.generic("object '%s' is in use by device '%s'".formatted(id, slot.name()));
                }
            }
        }
        try {
            objects.remove(id);
        } catch (IllegalArgumentException e) {
            throw QmpException.generic(e.getMessage());
        }
        return Map.of();
    }

    private static Map<String, Object> memory(UserObject object) {
        Map<String, Object> members = Members.of("id", object.id());
        for (String name : List.of("size", "merge", "dump", "prealloc", "share", "reserve")) {
            members.put(name, object.values().get(name));
        }
        members.put("host-nodes", List.of());
        members.put("policy", "default");
        return members;
    }
}
