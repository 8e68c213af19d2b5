package com.example.copyengine;

import com.example.copyengine.Descriptor.Outcome;
import com.example.copyengine.Progress.Step;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The saved state, layout version 1 (release 1.0):
 *
 * <ul>
 *   <li>{@code registers}: map of the stored words of all queue registers by name, {@code Q0_BASE} and so on;
 *   <li>{@code queues}: list of one map per queue: {@code step} and {@code outcome} as text, {@code descriptor} as a
 *       {@code long[3]} or an empty one before any was fetched, {@code chunk}: chunks of 4 KiB that are done, {@code
 *       crc}.
 * </ul>
 */
final class EngineState {
    private static final int VERSION = 1;
    private static final int CHUNK = 4096;

    private EngineState() {}

    /** {@return registers and progress as saved state} */
    static SavedState save(Map<String, Object> registers, List<Progress> queues) {
        List<Object> saved = new ArrayList<>();
        for (Progress queue : queues) {
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("step", queue.step().name());
            fields.put("outcome", queue.outcome().name());
            Descriptor descriptor = queue.descriptor();
            fields.put(
                    "descriptor",
                    descriptor == null
                            ? new long[0]
                            : new long[] {descriptor.command(), descriptor.source(), descriptor.destination()});
            fields.put("chunk", queue.offset() / CHUNK);
            fields.put("crc", queue.crc());
            saved.add(fields);
        }
        return new SavedState(CopyEngine.TYPE, VERSION, Map.of("registers", registers, "queues", saved));
    }

    /** {@return the registers of a state} */
    @SuppressWarnings("unchecked")
    static Map<String, Object> registers(SavedState state) throws RestoreException {
        state.require(CopyEngine.TYPE, VERSION);
        return state.get("registers", Map.class);
    }

    /**
     * {@return the progress of the queues of a state}
     *
     * @param expected number of queues of the device
     */
    static List<Progress> queues(SavedState state, int expected) throws RestoreException {
        state.require(CopyEngine.TYPE, VERSION);
        List<?> saved = state.get("queues", List.class);
        if (saved.size() != expected) {
            throw new RestoreException("state of copy-engine has %d queues, the device has %d: set queues=%d"
                    .formatted(saved.size(), expected, saved.size()));
        }
        List<Progress> queues = new ArrayList<>();
        for (Object queue : saved) {
            queues.add(queue((Map<?, ?>) queue));
        }
        return queues;
    }

    private static Progress queue(Map<?, ?> fields) throws RestoreException {
        try {
            long[] words = (long[]) fields.get("descriptor");
            return new Progress(
                    Step.valueOf((String) fields.get("step")),
                    words.length == 0 ? null : new Descriptor(words[0], words[1], words[2]),
                    ((Number) fields.get("chunk")).longValue() * CHUNK,
                    ((Number) fields.get("crc")).intValue(),
                    Outcome.valueOf((String) fields.get("outcome")));
        } catch (IllegalArgumentException | ClassCastException | NullPointerException | IndexOutOfBoundsException e) {
            throw new RestoreException("state of copy-engine: a queue is %s: expected layout version 1 (%s)"
                    .formatted(fields.keySet(), e.getMessage()));
        }
    }
}
