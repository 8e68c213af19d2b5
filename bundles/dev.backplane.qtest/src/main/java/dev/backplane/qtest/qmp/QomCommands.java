package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.ANY;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.ARRAY;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.BOOLEAN;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.optional;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.board.MachineType;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.commandline.MachineOptions;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.object.ObjectType;
import dev.backplane.qtest.qmp.QmpCatalog.Subject;
import dev.backplane.qtest.qom.PropertyTypes;
import dev.backplane.qtest.qom.QomObject;
import dev.backplane.qtest.qom.QomProperty;
import dev.backplane.qtest.qom.QomTree;
import dev.backplane.qtest.qom.QomTypes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Commands about objects, their types and properties. */
final class QomCommands {
    private static final String DEVICE = "device";

    /** Properties of every device. */
    private static final List<Map<String, Object>> OF_DEVICES = List.of(
            Members.of("name", "parent_bus", "type", "link<bus>"),
            Members.of("name", "realized", "type", "bool"),
            Members.of("name", "hotplugged", "type", "bool"),
            Members.of("name", "hotpluggable", "type", "bool"));

    private final QomTree tree;
    private final QomTypes types;
    private final Providers providers;

    QomCommands(Subject subject, QomTypes types) {
        tree = subject.tree();
        providers = subject.providers();
        this.types = types;
    }

    void addTo(QmpCatalog catalog) {
        catalog.add(QmpCommand.of("qom-list", this::list, required("path", STRING)));
        catalog.add(QmpCommand.of("qom-list-get", this::listGet, required("paths", ARRAY)));
        catalog.add(QmpCommand.of("qom-get", this::get, required("path", STRING), required("property", STRING)));
        catalog.add(QmpCommand.of(
                "qom-set", this::set, required("path", STRING), required("property", STRING), required("value", ANY)));
        catalog.add(QmpCommand.of(
                "qom-list-types", this::listTypes, optional("implements", STRING), optional("abstract", BOOLEAN)));
        catalog.add(QmpCommand.of("qom-list-properties", this::typeProperties, required("typename", STRING)));
        catalog.add(QmpCommand.of(
                "device-list-properties", this::deviceProperties, required("typename", STRING)));
    }

    private QomObject find(String path) throws QmpException {
        return tree.find(path).orElseThrow(() -> QmpException.deviceNotFound(path));
    }

    private static List<QomProperty> properties(QomObject object) {
        List<QomProperty> properties = new ArrayList<>();
        properties.add(new QomProperty("type", "string", object.type()));
        properties.addAll(object.ownProperties().get());
        object.children().forEach((name, child) ->
                properties.add(new QomProperty(name, "child<%s>".formatted(child.type()), child.path())));
        return properties;
    }

    private Object list(QmpArguments arguments) throws QmpException {
        return properties(find(arguments.text("path"))).stream()
                .map(property -> Members.of("name", property.name(), "type", property.type()))
                .toList();
    }

    /** Properties of several objects with their values, but for those that have none to show. */
    private Object listGet(QmpArguments arguments) throws QmpException {
        List<Object> objects = new ArrayList<>();
        List<?> paths = (List<?>) arguments.value("paths");
        for (int i = 0; i < paths.size(); i++) {
            if (!(paths.get(i) instanceof String path)) {
                throw QmpException.generic("Invalid parameter type for 'paths[%d]', expected: string".formatted(i));
            }
            objects.add(Members.of("properties", properties(find(path)).stream()
                    .map(property -> Members.of(
                            "name", property.name(), "type", property.type(), "value", property.value()))
                    .toList()));
        }
        return objects;
    }

    private QomProperty property(QmpArguments arguments) throws QmpException {
        QomObject object = find(arguments.text("path"));
        String name = arguments.text("property");
        return properties(object).stream()
                .filter(property -> property.name().equals(name))
                .findFirst()
                .orElseThrow(() -> QmpException.generic("Property '%s.%s' not found".formatted(object.type(), name)));
    }

    private Object get(QmpArguments arguments) throws QmpException {
        return property(arguments).value();
    }

    /** Properties are final once a device is realized, and only realized devices are in the tree. */
    private Object set(QmpArguments arguments) throws QmpException {
        QomProperty property = property(arguments);
        QomObject object = find(arguments.text("path"));
        if (object.slot().isEmpty() || property.name().equals("type") || property.type().startsWith("child<")) {
            throw QmpException.generic("Property '%s.%s' is not writable".formatted(object.type(), property.name()));
        }
        throw QmpException.generic("Attempt to set property '%s' on device '%s' (type '%s') after it was realized"
                .formatted(property.name(), object.slot().get().name(), object.type()));
    }

    private Object listTypes(QmpArguments arguments) {
        return types.implementing(arguments.text("implements", ""), arguments.flag("abstract", false)).stream()
                .map(QomCommands::describe)
                .toList();
    }

    private static Map<String, Object> describe(QomTypes.Type type) {
        Map<String, Object> members = Members.of("name", type.name());
        if (type.isAbstract()) {
            members.put("abstract", true);
        }
        if (!type.parent().isEmpty()) {
            members.put("parent", type.parent());
        }
        return members;
    }

    /** Properties of a device type but for those that every device has. */
    private Object deviceProperties(QmpArguments arguments) throws QmpException {
        String type = arguments.text("typename");
        providers.needDevice(type);
        if (types.isAbstract(type) || types.descends(type, "object") && !types.descends(type, DEVICE)) {
            throw QmpException.generic("Parameter 'typename' expects a non-abstract device type");
        }
        if (!types.descends(type, DEVICE)) {
            throw QmpException.deviceNotFound(type);
        }
        return ownProperties(type);
    }

    /** {@return what a device can be told} A processor has a type, but no properties that could be set here. */
    private List<Map<String, Object>> ownProperties(String type) {
        return providers.deviceFactory(type).map(DeviceFactory::properties).orElse(List.of()).stream()
                .map(QomCommands::describe)
                .toList();
    }

    private static Map<String, Object> describe(PropertyDescriptor property) {
        return Members.of(
                "name", property.name(),
                "type", PropertyTypes.name(property),
                "description", PropertyTypes.description(property),
                "default-value", property.defaultValue());
    }

    /** Properties of any type. */
    private Object typeProperties(QmpArguments arguments) throws QmpException {
        String type = arguments.text("typename");
        providers.needDevice(type);
        if (!types.descends(type, "object")) {
            throw QmpException.noSuchClass(type);
        }
        List<Map<String, Object>> properties = new ArrayList<>();
        properties.add(Members.of("name", "type", "type", "string"));
        if (types.descends(type, DEVICE)) {
            properties.addAll(OF_DEVICES);
            properties.addAll(ownProperties(type));
        }
        for (MachineType machine : providers.machineTypes()) {
            if (types.descends(type, machine.name() + "-machine")) {
                machine.options().stream()
                        .filter(option -> !MachineOptions.ELSEWHERE.containsKey(option.name()))
                        .forEach(option -> properties.add(Members.of(
                                "name", option.name(),
                                "type", PropertyTypes.name(option),
                                "description", PropertyTypes.description(option))));
            }
        }
        ObjectType.find(type).map(ObjectType::properties).orElse(List.of()).forEach(property -> {
            Map<String, Object> described = Members.of(
                    "name", property.name(), "type", property.kind().qomName(), "description", property.description());
            property.otherwise().ifPresent(value -> described.put("default-value", value));
            properties.add(described);
        });
        return properties;
    }
}
