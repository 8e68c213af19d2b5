package dev.backplane.hostiommu;

import dev.backplane.inspect.InspectNode;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Lets operations of a host fail on purpose, so that every failure path above it can be provoked; an OSGi service of
 * hosts that can do it, such as a simulated one. Thread-safe.
 */
@ProviderType
public interface HostFaults {

    /** {@return the operations that can fail, by the names that a {@link HostException} gives them} */
    List<String> operations();

    /**
     * Lets an operation fail, until it is cleared; replaces what was planned for it.
     *
     * @param operation one of {@link #operations}
     * @param errno what it answers then
     * @param after how many calls succeed before, 0 or more
     * @throws IllegalArgumentException if there is no such operation, or the number is negative; the message says what
     *     there is
     */
    void fail(String operation, Errno errno, int after);

    /** Lets all operations succeed again as far as the host can do them. */
    void clear();

    /** {@return what is planned: each operation with its errno, calls left until it fails, and calls that failed} */
    List<InspectNode> inspect();
}
