package dev.backplane.device;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The state of a device as named fields of JDK types, so that it outlives the bundle that wrote it. Immutable:
 * arrays are copied in and out.
 *
 * @param type device type that wrote it, for example {@code arm-smmuv3}
 * @param version version of the layout, 1 or more; a model reads its own and older versions and refuses newer ones
 * @param fields values: {@link Boolean}, {@link Integer}, {@link Long}, {@link String}, {@code byte[]}, {@code int[]},
 *     {@code long[]}, {@link List} and {@link Map} (with {@link String} keys) of these
 */
public record SavedState(String type, int version, Map<String, Object> fields) {

    /**
     * Copies and checks the fields.
     *
     * @throws IllegalArgumentException if the version is below 1 or a value is of another type
     */
    public SavedState {
        if (version < 1) {
            throw new IllegalArgumentException("state of %s: version %d: expected 1 or more".formatted(type, version));
        }
        fields = copyMap(type, fields);
    }

    /**
     * Refuses a state of another device type or of a newer layout.
     *
     * @param expectedType type that the reader restores
     * @param newestVersion newest layout that the reader knows
     * @throws RestoreException if the state is of another type or newer
     */
    public void require(String expectedType, int newestVersion) throws RestoreException {
        if (!type.equals(expectedType)) {
            throw new RestoreException("state is of a %s, expected %s".formatted(type, expectedType));
        }
        if (version > newestVersion) {
            throw new RestoreException("state of %s has layout version %d, this bundle reads up to %d: install a newer bundle"
                    .formatted(type, version, newestVersion));
        }
    }

    /**
     * {@return a field}
     *
     * @param name name of the field
     * @param as type of its value: one of the types above, {@code long[].class} and so on
     * @param <T> type of the value
     * @throws RestoreException if the field is absent or of another type
     */
    public <T> T get(String name, Class<T> as) throws RestoreException {
        Object value = fields.get(name);
        if (!as.isInstance(value)) {
            throw new RestoreException("state of %s, field %s: expected %s, found %s".formatted(
                    type, name, as.getSimpleName(), value == null ? "nothing" : value.getClass().getSimpleName()));
        }
        return as.cast(copy(type, name, value));
    }

    /**
     * {@return a numeric field as long, whether it was saved as {@link Integer} or {@link Long}}
     *
     * @param name name of the field
     * @throws RestoreException if the field is absent or no number
     */
    public long getLong(String name) throws RestoreException {
        return get(name, Number.class).longValue();
    }

    /** {@return whether the field is there} */
    public boolean has(String name) {
        return fields.containsKey(name);
    }

    private static Map<String, Object> copyMap(String type, Map<String, ?> source) {
        var copy = new LinkedHashMap<String, Object>();
        source.forEach((name, value) -> copy.put(name, copy(type, name, value)));
        return Collections.unmodifiableMap(copy);
    }

    private static Object copy(String type, String name, Object value) {
        return switch (value) {
            case Boolean _, Integer _, Long _, String _ -> value;
            case byte[] bytes -> bytes.clone();
            case int[] words -> words.clone();
            case long[] words -> words.clone();
            case List<?> list -> {
                var copy = new ArrayList<Object>(list.size());
                list.forEach(element -> copy.add(copy(type, name, element)));
                yield List.copyOf(copy);
            }
            case Map<?, ?> map -> {
                var copy = new LinkedHashMap<String, Object>();
                map.forEach((key, element) -> copy.put((String) key, copy(type, name + "." + key, element)));
                yield Collections.unmodifiableMap(copy);
            }
            case null, default -> throw new IllegalArgumentException(
                    "state of %s, field %s: %s is no type that saved state may hold".formatted(
                            type, name, value == null ? "null" : value.getClass().getName()));
        };
    }
}
