package dev.backplane.core.memory;

import dev.backplane.board.Board.AccessRecorder;
import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;

/** Who records whose accesses; routes that come later are recorded too. */
final class Recorders {
    private static final System.Logger LOGGER = System.getLogger(Recorders.class.getName());

    private final Set<DmaRoute> routes = Collections.newSetFromMap(new WeakHashMap<>());
    private final Map<String, AccessRecorder> active = new HashMap<>();

    synchronized void add(DmaRoute route) {
        routes.add(route);
        route.recorder(active.get(route.initiator()));
    }

    synchronized AutoCloseable record(String initiator, AccessRecorder given) {
        AccessRecorder recorder = (write, address, length) -> {
            try {
                given.accessed(write, address, length);
            } catch (RuntimeException | LinkageError thrown) {
                // It is no mistake of the initiator, and not one of the device that it reaches.
                LOGGER.log(
                        System.Logger.Level.WARNING,
                        "the recorder of {0} is ended: it threw {1}",
                        initiator,
                        Rendered.text(thrown));
                end(initiator);
            }
        };
        if (active.putIfAbsent(initiator, recorder) != null) {
            throw new IllegalArgumentException(
                    "accesses of %s are being recorded already: end that recording first".formatted(initiator));
        }
        apply(initiator, recorder);
        return () -> end(initiator);
    }

    private synchronized void end(String initiator) {
        active.remove(initiator);
        apply(initiator, null);
    }

    private void apply(String initiator, AccessRecorder recorder) {
        for (DmaRoute route : routes) {
            if (route.initiator().equals(initiator)) {
                route.recorder(recorder);
            }
        }
    }
}
