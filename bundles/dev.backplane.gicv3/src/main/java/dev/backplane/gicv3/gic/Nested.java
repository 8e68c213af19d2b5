package dev.backplane.gicv3.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.Map;

/** Reads groups of fields within a saved state with the same checks as the state itself. */
final class Nested {
    private Nested() {}

    /** {@return the group of fields in a field of a state} */
    static SavedState state(SavedState outer, String field) throws RestoreException {
        return state(outer.type() + "." + field, outer.get(field, Map.class));
    }

    /** {@return fields as a state; a map within a saved state has names for keys} */
    @SuppressWarnings("unchecked")
    static SavedState state(String name, Map<?, ?> fields) {
        return new SavedState(name, 1, (Map<String, Object>) fields);
    }
}
