package dev.backplane.core.slot;

import dev.backplane.core.memory.Rendered;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.Leases;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * What a slot holds of the host: it stays while the models in the slot come and go, until the slot is removed.
 * Thread-safe.
 */
public final class SlotLeases {
    private final String slot;
    private final Map<String, AutoCloseable> held = new LinkedHashMap<>();

    SlotLeases(String slot) {
        this.slot = slot;
    }

    /**
     * Puts a resource into the slot's care.
     *
     * @throws IllegalArgumentException if the name is taken
     */
    public synchronized <T extends AutoCloseable> T hold(String name, T resource) {
        if (held.containsKey(name)) {
            throw new IllegalArgumentException(
                    "slot %s already holds '%s': remove that first, or choose another name".formatted(slot, name));
        }
        held.put(name, resource);
        return resource;
    }

    /** {@return the resource of that name, or empty when there is none of that type} */
    public synchronized <T> Optional<T> find(String name, Class<T> type) {
        return Optional.ofNullable(held.get(name)).filter(type::isInstance).map(type::cast);
    }

    /** {@return the names in the order in which the resources were taken} */
    public synchronized List<String> names() {
        return List.copyOf(held.keySet());
    }

    /** Takes a resource out of the slot's care; {@return whether there was one} */
    public synchronized boolean remove(String name) {
        return held.remove(name) != null;
    }

    /**
     * {@return the leases as a model sees them} It may not leave anything there that would keep its own bundle alive; the
     * engine's classes keep nobody alive.
     */
    Leases of(DeviceModel model) {
        return new View(model.getClass().getClassLoader());
    }

    /**
     * Closes what is held, the last one taken first.
     *
     * @param except names that are kept
     * @param troubles told the name of what could not be closed, and why
     */
    void close(Set<String> except, BiConsumer<String, String> troubles) {
        for (String name : new ArrayList<>(names()).reversed()) {
            AutoCloseable resource;
            synchronized (this) {
                resource = except.contains(name) ? null : held.remove(name);
            }
            try {
                if (resource != null) {
                    resource.close();
                }
            } catch (Exception | LinkageError thrown) {
                troubles.accept(name, Rendered.text(thrown));
            }
        }
    }

    /** The leases for the models of one bundle. */
    private final class View implements Leases {
        private final ClassLoader own;

        View(ClassLoader own) {
            this.own = own;
        }

        @Override
        public <T extends AutoCloseable> T hold(String name, T resource) {
            ClassLoader loader = resource.getClass().getClassLoader();
            if (loader == own && loader != SlotLeases.class.getClassLoader()) {
                throw new IllegalArgumentException(
                        "slot %s: lease '%s' is a %s of the model's own bundle, which it would keep alive: hold the "
                                        .formatted(slot, name, resource.getClass().getName())
                                + "host's handle itself");
            }
            return SlotLeases.this.hold(name, resource);
        }

        @Override
        public <T> Optional<T> find(String name, Class<T> type) {
            return SlotLeases.this.find(name, type);
        }

        @Override
        public List<String> names() {
            return SlotLeases.this.names();
        }

        @Override
        public boolean remove(String name) {
            return SlotLeases.this.remove(name);
        }
    }
}
