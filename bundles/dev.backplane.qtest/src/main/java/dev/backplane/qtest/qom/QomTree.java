package dev.backplane.qtest.qom;

import dev.backplane.board.Board;
import dev.backplane.board.Placement;
import dev.backplane.board.Slot;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.chardev.CharacterDevice;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.control.Providers;
import dev.backplane.qtest.object.UserObject;
import dev.backplane.qtest.object.UserObjects;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The machine as a tree of objects: what a user named is below {@code /machine/peripheral}, what a user added without a
 * name below {@code /machine/peripheral-anon}, what the machine made below {@code /machine/unattached}. It is made anew
 * for each question, so it always shows the board as it is. Thread-safe.
 */
public final class QomTree {
    /** Where devices with an id are. */
    public static final String PERIPHERAL = "/machine/peripheral/";

    private static final String DEVICE = "device[%d]";

    private final Optional<Board> board;
    private final SystemCommand command;
    private final UserObjects objects;
    private final Providers providers;
    private final Set<String> hotPlugged = ConcurrentHashMap.newKeySet();
    private final Map<String, Integer> anonymous = new ConcurrentHashMap<>();
    private int nextAnonymous;

    /**
     * Takes a machine.
     *
     * @param board its board, or empty for machine type none
     * @param command what it was made of
     * @param objects what users have made beside devices
     */
    public QomTree(Optional<Board> board, SystemCommand command, UserObjects objects, Providers providers) {
        this.board = board;
        this.command = command;
        this.objects = objects;
        this.providers = providers;
        slots();
    }

    /** Notes that a user has added a device since the machine was made. */
    public synchronized void added(Slot slot) {
        hotPlugged.add(slot.name());
        slots();
    }

    /**
     * {@return the slots as they are} Those of devices without an id have numbers then. A device keeps its number, and
     * no other gets it when it has gone.
     */
    private synchronized List<Slot> slots() {
        List<Slot> slots = board.map(Board::slots).orElse(List.of());
        List<String> names = slots.stream().map(Slot::name).toList();
        hotPlugged.retainAll(names);
        anonymous.keySet().retainAll(names);
        names.stream()
                .filter(AnonymousSlots::isAnonymous)
                .filter(name -> !anonymous.containsKey(name))
                .forEach(name -> anonymous.put(name, nextAnonymous++));
        return slots;
    }

    /** {@return the object at a path, absolute or the last part of one} */
    public Optional<QomObject> find(String path) {
        QomObject root = root();
        if (!path.startsWith("/")) {
            return path.isEmpty() ? Optional.empty() : search(root, path);
        }
        QomObject at = root;
        for (String part : path.split("/")) {
            if (!part.isEmpty()) {
                at = at.children().get(part);
                if (at == null) {
                    return Optional.empty();
                }
            }
        }
        return Optional.of(at);
    }

    private static Optional<QomObject> search(QomObject below, String path) {
        if (below.path().endsWith("/" + path)) {
            return Optional.of(below);
        }
        return below.children().values().stream()
                .map(child -> search(child, path))
                .flatMap(Optional::stream)
                .findFirst();
    }

    /** {@return the slot at a path, or of that name} */
    public Optional<Slot> slot(String path) {
        Optional<Slot> slot = find(path).flatMap(QomObject::slot);
        return slot.isPresent() || path.startsWith("/") ? slot : board.flatMap(machine -> machine.slot(path));
    }

    /** {@return the path of a slot} */
    public String path(String slot) {
        return pathOf(root(), slot);
    }

    private static String pathOf(QomObject below, String slot) {
        if (below.slot().filter(candidate -> candidate.name().equals(slot)).isPresent()) {
            return below.path();
        }
        return below.children().values().stream()
                .map(child -> pathOf(child, slot))
                .filter(path -> !path.isEmpty())
                .findFirst()
                .orElse("");
    }

    /** {@return the whole tree} */
    public QomObject root() {
        QomObject root = QomObject.container("container", "/");
        QomObject machine = QomObject.container(MachineNames.qomType(command.machine()), "/machine");
        QomObject peripheral = QomObject.container("container", "/machine/peripheral");
        QomObject nameless = QomObject.container("container", "/machine/peripheral-anon");
        QomObject unattached = QomObject.container("container", "/machine/unattached");
        root.add("chardevs", chardevs()).add("objects", objects()).add("machine", machine);
        machine.add("peripheral", peripheral).add("peripheral-anon", nameless).add("unattached", unattached);
        board.ifPresent(present -> {
            int made = 0;
            for (; made < command.processors().present(); made++) {
                String name = DEVICE.formatted(made);
                unattached.add(name, QomObject.container(command.cpu().qomType(), unattached.below(name)));
            }
            unattached.add("sysbus", QomObject.container("System", unattached.below("sysbus")));
            for (Slot slot : slots()) {
                Integer number = anonymous.get(slot.name());
                if (!slot.definition().userCreated()) {
                    add(unattached, DEVICE.formatted(made++), slot);
                } else if (!AnonymousSlots.isAnonymous(slot.name())) {
                    add(peripheral, slot.name(), slot);
                } else if (number != null) { // else it has gone meanwhile
                    add(nameless, DEVICE.formatted(number), slot);
                }
            }
        });
        return root;
    }

    private QomObject chardevs() {
        QomObject all = QomObject.container("container", "/chardevs");
        for (CharacterDevice device : command.chardevs()) {
            all.add(device.label(), QomObject.container(device.qomType(), all.below(device.label())));
        }
        return all;
    }

    private QomObject objects() {
        QomObject all = QomObject.container("container", "/objects");
        for (UserObject object : objects.all()) {
            all.add(object.id(), new QomObject(
                    object.type().typeName(),
                    all.below(object.id()),
                    Optional.empty(),
                    () -> properties(object),
                    new LinkedHashMap<>()));
        }
        return all;
    }

    private static List<QomProperty> properties(UserObject object) {
        return object.type().properties().stream()
                .map(property -> new QomProperty(
                        property.name(), property.kind().qomName(), object.values().get(property.name())))
                .toList();
    }

    private void add(QomObject parent, String name, Slot slot) {
        parent.add(name, new QomObject(
                slot.definition().deviceType(),
                parent.below(name),
                Optional.of(slot),
                () -> properties(slot),
                new LinkedHashMap<>()));
    }

    private List<QomProperty> properties(Slot slot) {
        List<QomProperty> properties = new ArrayList<>();
        boolean running = slot.state() == Slot.State.RUNNING;
        properties.add(new QomProperty("realized", "bool", running));
        properties.add(new QomProperty("hotpluggable", "bool", slot.definition().userCreated()));
        properties.add(new QomProperty("hotplugged", "bool", hotPlugged.contains(slot.name())));
        if (slot.definition().placement() instanceof Placement.Pci pci) {
            properties.add(new QomProperty("parent_bus", "link<bus>", pci.bus()));
            properties.add(new QomProperty("addr", "int32", (long) pci.devfn()));
        }
        Map<String, PropertyDescriptor> declared = new LinkedHashMap<>();
        providers.deviceFactory(slot.definition().deviceType())
                .ifPresent(factory -> factory.properties().forEach(property -> declared.put(property.name(), property)));
        slot.properties().forEach((name, value) -> {
            PropertyDescriptor property = declared.get(name);
            properties.add(new QomProperty(name, property == null ? "str" : PropertyTypes.name(property), json(value)));
        });
        return properties;
    }

    private static Object json(Object value) {
        return value instanceof Number || value instanceof Boolean || value instanceof String ? value : value.toString();
    }
}
