package dev.backplane.qtest.object;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The objects that users have made, by their names. Thread-safe. */
public final class UserObjects {
    private final Map<String, UserObject> objects = new LinkedHashMap<>();
    private final Set<String> fixed = new HashSet<>();

    /**
     * Starts with those that the machine uses.
     *
     * @param used objects that have to stay
     * @param others objects that may go
     */
    public UserObjects(Collection<UserObject> used, Collection<UserObject> others) {
        used.forEach(this::add);
        fixed.addAll(objects.keySet());
        others.forEach(this::add);
    }

    /**
     * Adds an object.
     *
     * @throws IllegalArgumentException if there is one of that name
     */
    public synchronized void add(UserObject object) {
        if (objects.putIfAbsent(object.id(), object) != null) {
            throw new IllegalArgumentException("Duplicate object ID '%s'".formatted(object.id()));
        }
    }

    /**
     * Removes an object.
     *
     * @throws IllegalArgumentException if there is none of that name, or the machine uses it
     */
    public synchronized void remove(String id) {
        if (fixed.contains(id)) {
            throw new IllegalArgumentException("object '%s' is used by the machine and must stay".formatted(id));
        }
        if (objects.remove(id) == null) {
            throw new IllegalArgumentException("object '%s' not found".formatted(id));
        }
    }

    /** {@return the object of that name} */
    public synchronized Optional<UserObject> find(String id) {
        return Optional.ofNullable(objects.get(id));
    }

    /** {@return all objects} */
    public synchronized List<UserObject> all() {
        return new ArrayList<>(objects.values());
    }
}
