package dev.backplane.host.iommufd;

import dev.backplane.host.memory.Operation;
import dev.backplane.host.smmu.HostCommand;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.Viommu;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** A virtual IOMMU. */
final class ViommuObject extends IommufdObject implements Viommu {
    private final PagingHwpt parent;
    /** By the guest's StreamID. */
    private final Map<Integer, VdeviceObject> devices = new ConcurrentHashMap<>();
    private volatile VeventqObject events;

    ViommuObject(PagingHwpt parent) {
        super(parent.file, "viommu", parent);
        this.parent = parent;
    }

    HostSmmu smmu() {
        return parent.smmu();
    }

    PagingHwpt parent() {
        return parent;
    }

    @Override
    public Hwpt allocateHwpt(IommufdDevice device, long ste0, long ste1) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_HWPT_ALLOC);
            file.faults().check(Operation.IOMMU_HWPT_ALLOC);
            BoundDevice bound = sameSmmu(device, Operation.IOMMU_HWPT_ALLOC);
            bound.require(file, Operation.IOMMU_HWPT_ALLOC);
            NestedHwpt.check(ste0, ste1);
            return new NestedHwpt(this, ste0, ste1);
        }
    }

    @Override
    public HostObject allocateVdevice(IommufdDevice device, int virtualStreamId) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_VDEVICE_ALLOC);
            file.faults().check(Operation.IOMMU_VDEVICE_ALLOC);
            BoundDevice bound = sameSmmu(device, Operation.IOMMU_VDEVICE_ALLOC);
            bound.require(file, Operation.IOMMU_VDEVICE_ALLOC);
            if (bound.physical().streamIds().size() != 1) {
                throw new HostException(Operation.IOMMU_VDEVICE_ALLOC.name(), Errno.EINVAL,
                        "%s has StreamIDs %s: expected one".formatted(
                                bound.hostName(), bound.physical().streamIds()));
            }
            if (bound.vdevice() != null || devices.containsKey(virtualStreamId)) {
                throw new HostException(Operation.IOMMU_VDEVICE_ALLOC.name(), Errno.EEXIST, bound.vdevice() != null
                        ? "%s has %s".formatted(bound.hostName(), bound.vdevice())
                        : "StreamID 0x%x is taken".formatted(virtualStreamId));
            }
            var vdevice = new VdeviceObject(this, bound, virtualStreamId);
            devices.put(virtualStreamId, vdevice);
            bound.vdevice(vdevice);
            return vdevice;
        }
    }

    void remove(VdeviceObject vdevice) {
        devices.remove(vdevice.virtualStreamId());
    }

    private BoundDevice sameSmmu(IommufdDevice device, Operation operation) throws HostException {
        if (device instanceof BoundDevice bound && bound.physical().smmu() == smmu()) {
            return bound;
        }
        throw new HostException(operation.name(), Errno.EINVAL,
                "%s is not behind %s, which %s is a slice of".formatted(device.hostName(), smmu().name(), this));
    }

    @Override
    public Invalidated invalidate(long[] commands, int count) {
        if (count < 1 || count > commands.length / 2) {
            throw new IllegalArgumentException(
                    "%d commands in %d words: expected two words each".formatted(count, commands.length));
        }
        int handled = 0;
        long[] batch = new long[2 * Math.min(count, HostSmmu.BATCH)];
        while (handled < count) {
            Errno planned = file.faults().failure(Operation.IOMMU_HWPT_INVALIDATE);
            if (planned != null) {
                return new Invalidated(handled, planned);
            }
            if (isDestroyed()) {
                return new Invalidated(handled, Errno.ENOENT);
            }
            int size = Math.min(HostSmmu.BATCH, count - handled);
            if (!convert(commands, handled, size, batch)) {
                return new Invalidated(handled, Errno.EIO);
            }
            smmu().submit(batch, size);
            handled += size;
        }
        return new Invalidated(handled, null);
    }

    /** {@return whether all commands of a batch can be carried out; they are in {@code batch} then, as the host's} */
    private boolean convert(long[] commands, int first, int size, long[] batch) {
        SmmuParameters parameters = smmu().parameters();
        for (int i = 0; i < size; i++) {
            long low = commands[2 * (first + i)];
            long high = commands[2 * (first + i) + 1];
            GuestCommand command = GuestCommand.of(low);
            if (command == null || !command.accepts(low, high, parameters)) {
                return false;
            }
            if (command == GuestCommand.TLBI_NSNH_ALL) {
                low = HostCommand.TLBI_NH_ALL;
            }
            if (command.target() == GuestCommand.Target.VMID) {
                low = HostCommand.VMID.with(low, parent.tag());
            } else {
                VdeviceObject target = devices.get(HostCommand.STREAM_ID.getInt(low));
                if (target == null) {
                    return false;
                }
                low = HostCommand.STREAM_ID.with(low, target.physicalStreamId());
            }
            batch[2 * i] = low;
            batch[2 * i + 1] = high;
        }
        return true;
    }

    @Override
    public VeventQueue allocateEventQueue(int depth) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_VEVENTQ_ALLOC);
            file.faults().check(Operation.IOMMU_VEVENTQ_ALLOC);
            if (depth < 1 || Integer.bitCount(depth) != 1) {
                throw new HostException(Operation.IOMMU_VEVENTQ_ALLOC.name(), Errno.EINVAL,
                        "depth %d: expected a power of two".formatted(depth));
            }
            if (events != null) {
                throw new HostException(Operation.IOMMU_VEVENTQ_ALLOC.name(), Errno.EEXIST,
                        "%s has %s".formatted(this, events));
            }
            events = new VeventqObject(this, depth);
            return events;
        }
    }

    void removeEvents() {
        events = null;
    }

    /** Takes an event of an attached device; its StreamID is the guest's already. */
    void report(long[] record) {
        VeventqObject queue = events;
        if (queue != null) {
            queue.put(record);
        }
    }

    @Override
    void release() {
        // Its children are gone.
    }

    @Override
    String describe() {
        return "arm-smmuv3 on %s, VMID %d".formatted(smmu().name(), parent.tag());
    }
}
