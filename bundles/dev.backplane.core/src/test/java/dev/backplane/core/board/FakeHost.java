package dev.backplane.core.board;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.PageTable;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A host that counts what it has given away, and refuses at the step that a test names. */
final class FakeHost implements HostIommu {
    final List<String> journal = new ArrayList<>();
    final Set<Object> live = new HashSet<>();
    final Map<String, Device> devices = new HashMap<>();
    int failAt;
    /** Done within an operation that maps memory. */
    volatile Runnable onMap = () -> {};
    private int steps;
    private int ids;

    /** The next operation is counted from one. */
    void failAt(int step) {
        failAt = step;
        steps = 0;
    }

    private synchronized void step(String operation) throws HostException {
        journal.add(operation);
        if (++steps == failAt) {
            throw new HostException(operation, Errno.ENOMEM, "planted");
        }
    }

    private <T> T made(T object) {
        live.add(object);
        return object;
    }

    /** {@return an open device behind a certain SMMU of the host} */
    Device device(String address, int smmu) {
        var device = new Device(address, smmu);
        devices.put(address, device);
        return device;
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public Iommufd open() throws HostException {
        step("open");
        return made(new Fd());
    }

    @Override
    public InspectNode inspect() {
        return InspectNode.group("fake", List.of());
    }

    /** An open iommufd. */
    final class Fd implements Iommufd {
        @Override
        public Ioas allocateIoas() throws HostException {
            step("ioas");
            return made(new Space());
        }

        @Override
        public void close() {
            live.remove(this);
        }
    }

    /** Anything with an id. */
    private abstract class Numbered {
        private final int id = ++ids;

        public int id() {
            return id;
        }
    }

    /** An address space. */
    final class Space extends Numbered implements Ioas {
        final Map<Long, MemorySegment> maps = new TreeMap<>();
        private int tables;

        @Override
        public List<IovaRange> ranges() {
            return List.of(new IovaRange(0, -1));
        }

        @Override
        public void map(long iova, MemorySegment memory, boolean readable, boolean writable) throws HostException {
            step("map 0x%x 0x%x".formatted(iova, memory.byteSize()));
            onMap.run();
            maps.put(iova, memory);
        }

        @Override
        public long unmap(long iova, long length) throws HostException {
            MemorySegment gone = maps.remove(iova);
            if (gone == null || gone.byteSize() != length) {
                throw new HostException("IOMMU_IOAS_UNMAP", Errno.ENOENT, "0x%x".formatted(iova));
            }
            return length;
        }

        @Override
        public void close() throws HostException {
            if (tables != 0 || !maps.isEmpty()) {
                throw new HostException("IOMMU_DESTROY", Errno.EBUSY, "address space in use");
            }
            live.remove(this);
        }
    }

    /** A page table. */
    final class Table extends Numbered implements Hwpt {
        final int smmu;
        final boolean nesting;
        private final Space space;
        int attached;

        Table(Space space, int smmu, boolean nesting) {
            this.space = space;
            this.smmu = smmu;
            this.nesting = nesting;
            space.tables++;
        }

        @Override
        public boolean isNestingParent() {
            return nesting;
        }

        @Override
        public void close() throws HostException {
            if (attached != 0) {
                throw new HostException("IOMMU_DESTROY", Errno.EBUSY, "page table in use");
            }
            if (live.remove(this)) {
                space.tables--;
            }
        }
    }

    /** A device of the host. */
    final class Device extends Numbered implements HostPciDevice, IommufdDevice {
        private final String address;
        private final int smmu;
        final byte[] config = new byte[4096];
        Table table;
        boolean refusesToDetach;
        boolean bound;

        Device(String address, int smmu) {
            this.address = address;
            this.smmu = smmu;
        }

        @Override
        public String address() {
            return address;
        }

        @Override
        public String hostName() {
            return address;
        }

        @Override
        public IommufdDevice bind(Iommufd iommufd) throws HostException {
            step("bind " + address);
            bound = true;
            live.add(this);
            return this;
        }

        @Override
        public HardwareInfo hardwareInfo() throws HostException {
            throw new HostException("IOMMU_GET_HW_INFO", Errno.EOPNOTSUPP, "fake");
        }

        @Override
        public Hwpt allocateHwpt(Ioas ioas, boolean nestingParent) throws HostException {
            step("hwpt" + (nestingParent ? " nesting" : ""));
            onMap.run();
            return made(new Table((Space) ioas, smmu, nestingParent));
        }

        @Override
        public Viommu allocateViommu(Hwpt parent) throws HostException {
            throw new HostException("IOMMU_VIOMMU_ALLOC", Errno.EOPNOTSUPP, "fake");
        }

        @Override
        public void attach(PageTable next) throws HostException {
            var wanted = (Table) next;
            if (wanted.smmu != smmu) {
                throw new HostException("VFIO_DEVICE_ATTACH_IOMMUFD_PT", Errno.EINVAL, "another SMMU");
            }
            step("attach " + address);
            detached();
            table = wanted;
            wanted.attached++;
        }

        private void detached() {
            if (table != null) {
                table.attached--;
                table = null;
            }
        }

        @Override
        public void detach() throws HostException {
            if (refusesToDetach) {
                throw new HostException("VFIO_DEVICE_DETACH_IOMMUFD_PT", Errno.EBUSY, "planted");
            }
            journal.add("detach " + address);
            detached();
        }

        @Override
        public void attach(int pasid, PageTable next) throws HostException {
            throw new HostException("attach", Errno.EOPNOTSUPP, "fake");
        }

        @Override
        public void detach(int pasid) throws HostException {
            throw new HostException("detach", Errno.EOPNOTSUPP, "fake");
        }

        @Override
        public List<Region> regions() {
            return List.of();
        }

        @Override
        public long read(int region, long offset, int size) {
            long value = 0;
            for (int i = 0; i < size; i++) {
                value |= (config[(int) offset + i] & 0xFFL) << i * 8;
            }
            return value;
        }

        @Override
        public void write(int region, long offset, int size, long value) {
            for (int i = 0; i < size; i++) {
                config[(int) offset + i] = (byte) (value >>> i * 8);
            }
        }

        @Override
        public int interrupts(IrqIndex index) {
            return 0;
        }

        @Override
        public void setTriggers(IrqIndex index, int first, List<EventFd> triggers) {}

        @Override
        public void disable(IrqIndex index) {}

        @Override
        public void maskPin(boolean masked) {}

        @Override
        public void reset() {
            journal.add("reset " + address);
        }

        /** Both that of the open device and that of the bound one. */
        @Override
        public void close() {
            detached();
            bound = false;
            live.remove(this);
        }
    }
}
