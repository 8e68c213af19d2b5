package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceLog;
import dev.backplane.device.Leases;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import java.util.Optional;

/** The host objects of this slot: leases that outlive the model, so that hardware goes on and successors adopt them. */
final class HostObjects {

    /** Makes an object. */
    @FunctionalInterface
    interface Allocation<T> {
        T make() throws HostException;
    }

    private final Leases leases;
    private final DeviceLog log;

    HostObjects(Leases leases, DeviceLog log) {
        this.leases = leases;
        this.log = log;
    }

    <T> Optional<T> find(String name, Class<T> type) {
        return leases.find(name, type);
    }

    /**
     * Allocates an object and holds it. What an earlier failure left under the name goes first.
     *
     * @throws HostException if the host refuses; nothing is left behind then
     */
    <T extends HostObject> T allocate(String name, Allocation<T> allocation) throws HostException {
        close(name);
        T made = allocation.make();
        hold(name, made);
        return made;
    }

    /**
     * Puts an object into the slot's care.
     *
     * @throws HostException if that fails and the object cannot be destroyed either
     */
    void hold(String name, HostObject object) throws HostException {
        boolean held = false;
        try {
            leases.hold(name, object);
            held = true;
        } finally {
            if (!held) {
                object.close();
            }
        }
    }

    /**
     * Destroys an object; does nothing when there is none.
     *
     * @throws HostException if the host refuses; the slot still holds it then
     */
    void close(String name) throws HostException {
        Optional<HostObject> object = leases.find(name, HostObject.class);
        if (object.isPresent()) {
            object.get().close();
            leases.remove(name);
        }
    }

    /** Destroys all objects whose names begin alike. */
    void discardAll(String prefix) {
        leases.names().stream().filter(name -> name.startsWith(prefix)).forEach(this::discard);
    }

    /** Destroys an object; if the host refuses that, the slot keeps it, and the next of its name or the end ends it. */
    void discard(String name) {
        try {
            close(name);
        } catch (HostException e) {
            log.hostError("%s is kept: %s".formatted(name, e.getMessage()));
        }
    }
}
