package dev.backplane.device;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Resources of the host that belong to a slot rather than to the model in it: they stay while the slot is parked, so
 * that the hardware goes on, and a successor adopts them by name. The engine closes what is left when the slot is
 * removed, the last one taken first. A model finds the leases of its slot with {@link DeviceContext#platform}.
 * Thread-safe.
 */
@ProviderType
public interface Leases {

    /**
     * Puts a resource into the slot's care.
     *
     * @param name name, unique in the slot
     * @param resource the resource
     * @return the resource
     * @throws IllegalArgumentException if the name is taken, or the resource is of a class of the model's own bundle,
     *     which would keep that bundle alive
     * @param <T> what it is
     */
    <T extends AutoCloseable> T hold(String name, T resource);

    /**
     * {@return the resource of that name, or empty when there is none of that type}
     *
     * @param <T> what it is
     */
    <T> Optional<T> find(String name, Class<T> type);

    /** {@return the names of all resources in the order in which they were taken} */
    List<String> names();

    /**
     * Takes a resource out of the slot's care; closing it is the caller's. Nothing happens if there is none.
     *
     * @return whether there was one
     */
    boolean remove(String name);
}
