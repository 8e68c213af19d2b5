package dev.backplane.qtest.object;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Types of the objects that a user may make beside devices, with their properties. */
public enum ObjectType {
    /** Memory of the host. */
    MEMORY_BACKEND_RAM("memory-backend-ram", ObjectType.BACKEND, false, List.of()),
    /** Memory in a file, shared with whoever maps it too. */
    MEMORY_BACKEND_FILE("memory-backend-file", ObjectType.BACKEND, true, List.of(
            ObjectProperty.required("mem-path", ObjectProperty.Kind.TEXT, "file that has the memory"))),
    /** Memory of the host, too: it is passed to nobody. */
    MEMORY_BACKEND_MEMFD("memory-backend-memfd", ObjectType.BACKEND, true, List.of()),
    /** A name for what devices of the host share. */
    IOMMUFD("iommufd", "object", List.of()),
    /** A monitor on a character device. */
    MONITOR_QMP("monitor-qmp", "monitor", List.of(
            ObjectProperty.required("chardev", ObjectProperty.Kind.TEXT, "character device"),
            ObjectProperty.optional("pretty", ObjectProperty.Kind.BOOL, false, "no effect"))),
    /** The qtest protocol on a character device. */
    QTEST("qtest", "object", List.of(
            ObjectProperty.required("chardev", ObjectProperty.Kind.TEXT, "character device"),
            ObjectProperty.optional("log", ObjectProperty.Kind.TEXT, "none", "file of the log")));

    /** The parent of memory backends. */
    public static final String BACKEND = "memory-backend";

    private final String typeName;
    private final String parent;
    private final List<ObjectProperty> properties;

    ObjectType(String typeName, String parent, List<ObjectProperty> properties) {
        this.typeName = typeName;
        this.parent = parent;
        this.properties = properties;
    }

    ObjectType(String typeName, String parent, boolean shared, List<ObjectProperty> more) {
        this(typeName, parent, memory(shared, more));
    }

    private static List<ObjectProperty> memory(boolean shared, List<ObjectProperty> more) {
        List<ObjectProperty> properties = new ArrayList<>(List.of(
                ObjectProperty.required("size", ObjectProperty.Kind.SIZE, "bytes"),
                ObjectProperty.optional("share", ObjectProperty.Kind.BOOL, shared, "no effect: files are shared"),
                ObjectProperty.optional("merge", ObjectProperty.Kind.BOOL, false, "no effect"),
                ObjectProperty.optional("dump", ObjectProperty.Kind.BOOL, true, "no effect"),
                ObjectProperty.optional("prealloc", ObjectProperty.Kind.BOOL, false, "no effect"),
                ObjectProperty.optional("reserve", ObjectProperty.Kind.BOOL, true, "no effect")));
        properties.addAll(more);
        return List.copyOf(properties);
    }

    /** {@return the name} */
    public String typeName() {
        return typeName;
    }

    /** {@return the name of the parent} */
    public String parent() {
        return parent;
    }

    /** {@return whether objects are memory} */
    public boolean isMemory() {
        return parent.equals(BACKEND);
    }

    /** {@return all properties} */
    public List<ObjectProperty> properties() {
        return properties;
    }

    /** {@return a property} */
    public Optional<ObjectProperty> property(String name) {
        for (ObjectProperty property : properties) {
            if (property.name().equals(name)) {
                return Optional.of(property);
            }
        }
        return Optional.empty();
    }

    /** {@return the type of that name} */
    public static Optional<ObjectType> find(String name) {
        for (ObjectType type : values()) {
            if (type.typeName.equals(name)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
