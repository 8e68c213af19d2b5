package dev.backplane.host.iommufd;

import dev.backplane.host.memory.FaultPlan;
import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.Operation;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/** An open iommufd. Its monitor guards all of its objects; what they do to an SMMU is done holding it. */
public final class IommufdFile implements Iommufd {
    private final int number;
    private final HostMemory memory;
    private final FaultPlan faults;
    private final Consumer<IommufdFile> whenClosed;
    private final SequencedMap<Integer, IommufdObject> objects = new TreeMap<>();
    private int lastId;
    private boolean closed;

    /**
     * Opens one.
     *
     * @param number number for people
     * @param memory memory of the host
     * @param faults which operations are to fail
     * @param whenClosed is told of its end
     */
    public IommufdFile(int number, HostMemory memory, FaultPlan faults, Consumer<IommufdFile> whenClosed) {
        this.number = number;
        this.memory = memory;
        this.faults = faults;
        this.whenClosed = whenClosed;
    }

    @Override
    public synchronized Ioas allocateIoas() throws HostException {
        requireOpen(Operation.IOMMU_IOAS_ALLOC);
        faults.check(Operation.IOMMU_IOAS_ALLOC);
        return new IoasObject(this);
    }

    /**
     * A device that is bound.
     *
     * @param device the object
     * @param unbind ends the binding whatever still uses the device; nothing happens if it has ended
     */
    public record Binding(IommufdDevice device, Runnable unbind) {}

    /**
     * Binds a device that is bound to no other file.
     *
     * @throws HostException EINVAL when the file is closed
     */
    public synchronized Binding bind(BindableDevice device) throws HostException {
        requireOpen(Operation.VFIO_DEVICE_BIND_IOMMUFD);
        var bound = new BoundDevice(this, device);
        return new Binding(bound, () -> unbind(bound));
    }

    private synchronized void unbind(BoundDevice device) {
        if (!device.isDestroyed()) {
            if (device.vdevice() != null) {
                device.letGo();
                device.vdevice().destroy();
            }
            device.destroy();
        }
    }

    private void requireOpen(Operation operation) throws HostException {
        if (closed) {
            throw new HostException(operation.name(), Errno.EINVAL, "iommufd %d is closed".formatted(number));
        }
    }

    boolean isClosed() {
        return closed;
    }

    int add(IommufdObject object) {
        objects.put(++lastId, object);
        return lastId;
    }

    void remove(IommufdObject object) {
        objects.remove(object.id());
    }

    FaultPlan faults() {
        return faults;
    }

    HostMemory memory() {
        return memory;
    }

    List<String> usersOf(IommufdObject object) {
        return objects.values().stream().filter(other -> other.uses(object)).map(IommufdObject::toString).toList();
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            // Devices first: they let go of page tables. Then children before parents, which have lower numbers.
            new ArrayList<>(objects.sequencedValues().reversed()).stream()
                    .filter(BoundDevice.class::isInstance)
                    .forEach(device -> ((BoundDevice) device).letGo());
            new ArrayList<>(objects.sequencedValues().reversed()).forEach(IommufdObject::destroy);
        }
        whenClosed.accept(this);
    }

    /** {@return how many objects there are} */
    public synchronized int size() {
        return objects.size();
    }

    /** {@return its objects} */
    public synchronized InspectNode inspect() {
        return new InspectNode("iommufd " + number, "%d objects".formatted(objects.size()), "",
                objects.values().stream().map(IommufdObject::inspect).toList());
    }
}
