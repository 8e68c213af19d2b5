package dev.backplane.qtest.qom;

import dev.backplane.board.Board;
import dev.backplane.board.Placement;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.qtest.control.Providers;
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
    private static final String DEVICE = "device[%d]";

    private final Optional<Board> board;
    private final String machineType;
    private final String cpuType;
    private final int processors;
    private final Providers providers;
    private final Set<String> named = ConcurrentHashMap.newKeySet();

    /**
     * Takes a machine.
     *
     * @param board its board, or empty for machine type none
     * @param machineType type of the machine object
     * @param cpuType type of the processors
     * @param processors how many there are
     */
    public QomTree(
            Optional<Board> board, String machineType, String cpuType, int processors, Providers providers) {
        this.board = board;
        this.machineType = machineType;
        this.cpuType = cpuType;
        this.processors = processors;
        this.providers = providers;
        board.ifPresent(machine -> machine.definition().devices().stream()
                .map(request -> request.id())
                .filter(id -> !id.isEmpty())
                .forEach(named::add));
    }

    /** Notes that a user gave a device its name. */
    public void name(String slot) {
        named.add(slot);
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
        return search(root(), slot).map(QomObject::path).orElseGet(() -> pathOf(root(), slot));
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
        QomObject machine = QomObject.container(machineType, "/machine");
        QomObject peripheral = QomObject.container("container", "/machine/peripheral");
        QomObject anonymous = QomObject.container("container", "/machine/peripheral-anon");
        QomObject unattached = QomObject.container("container", "/machine/unattached");
        root.add("chardevs", QomObject.container("container", "/chardevs"))
                .add("objects", QomObject.container("container", "/objects"))
                .add("machine", machine);
        machine.add("peripheral", peripheral).add("peripheral-anon", anonymous).add("unattached", unattached);
        board.ifPresent(current -> {
            for (int i = 0; i < processors; i++) {
                String name = DEVICE.formatted(i);
                unattached.add(name, QomObject.container(cpuType, unattached.below(name)));
            }
            unattached.add("sysbus", QomObject.container("System", unattached.below("sysbus")));
            int made = processors;
            for (Slot slot : current.slots()) {
                SlotDefinition definition = slot.definition();
                if (!definition.userCreated()) {
                    add(unattached, DEVICE.formatted(made++), slot);
                } else if (named.contains(slot.name())) {
                    add(peripheral, slot.name(), slot);
                } else {
                    add(anonymous, DEVICE.formatted(anonymous.children().size()), slot);
                }
            }
        });
        return root;
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
        properties.add(new QomProperty("hotplugged", "bool", false));
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
