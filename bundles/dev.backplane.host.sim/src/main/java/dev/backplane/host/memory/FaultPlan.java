package dev.backplane.host.memory;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostFaults;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Which operations are to fail. */
public final class FaultPlan implements HostFaults {
    private final Map<String, Planned> planned = new ConcurrentSkipListMap<>();

    private static final class Planned {
        final Errno errno;
        int left;
        int failed;

        Planned(Errno errno, int left) {
            this.errno = errno;
            this.left = left;
        }

        synchronized boolean fails() {
            if (left > 0) {
                left--;
                return false;
            }
            failed++;
            return true;
        }

        synchronized InspectNode inspect(String operation) {
            return new InspectNode(operation, errno.name(),
                    left == 0 ? "fails" : "fails after %d calls".formatted(left),
                    List.of(InspectNode.number("calls left", left), InspectNode.number("failed", failed)));
        }
    }

    @Override
    public List<String> operations() {
        var names = new ArrayList<String>();
        for (Operation operation : Operation.values()) {
            names.add(operation.name());
        }
        return names;
    }

    @Override
    public void fail(String operation, Errno errno, int after) {
        if (!operations().contains(operation)) {
            throw new IllegalArgumentException("the host has no operation '%s'; it has %s"
                    .formatted(operation, String.join(", ", operations())));
        }
        if (after < 0) {
            throw new IllegalArgumentException("%d calls before the failure: expected 0 or more".formatted(after));
        }
        planned.put(operation, new Planned(errno, after));
    }

    @Override
    public void clear() {
        planned.clear();
    }

    @Override
    public List<InspectNode> inspect() {
        return planned.entrySet().stream()
                .map(entry -> entry.getValue().inspect(entry.getKey()))
                .toList();
    }

    /** {@return why this call of an operation fails, or null when it does not} */
    public Errno failure(Operation operation) {
        Planned plan = planned.get(operation.name());
        return plan != null && plan.fails() ? plan.errno : null;
    }

    /**
     * Counts a call of an operation.
     *
     * @throws HostException if this call is to fail
     */
    public void check(Operation operation) throws HostException {
        Errno errno = failure(operation);
        if (errno != null) {
            throw new HostException(operation.name(), errno, "it is to fail (host:fail --clear ends that)");
        }
    }
}
