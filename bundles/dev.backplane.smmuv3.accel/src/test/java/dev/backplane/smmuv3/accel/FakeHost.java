package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.PageTable;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.hostpci.AssignedFunction;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciRequester;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** A host's IOMMU that writes down every call, keeps the rules of use, and fails where it is told to. */
final class FakeHost {
    static final int IDR0 = 0x0D4C_101B;
    static final int IDR1 = 20 << 6 | 32;
    static final int IDR3 = 1 << 10 | 2 << 11;
    static final int IDR5 = 0x75;

    final List<String> calls = new ArrayList<>();
    final Map<Integer, Object> live = new LinkedHashMap<>();
    final Map<String, Errno> failures = new HashMap<>();
    /** How many commands of a batch are carried out at once. */
    int most = Integer.MAX_VALUE;
    /** Says which command is refused. */
    Predicate<long[]> refuses = command -> false;
    /** One bad command makes the whole rest of its batch be refused, none of it carried out. */
    boolean wholeBatches;
    final List<String> invalidated = new ArrayList<>();
    Events events;
    private int nextId = 1;

    private void fail(String operation) throws HostException {
        Errno errno = failures.get(operation);
        if (errno != null) {
            throw new HostException(operation, errno, "as the test has it");
        }
    }

    private class Thing implements HostObject {
        final int id = nextId++;
        final String what;
        int users;

        Thing(String what) {
            this.what = what;
            live.put(id, this);
            calls.add("alloc " + what);
        }

        @Override
        public int id() {
            return id;
        }

        @Override
        public void close() throws HostException {
            if (!live.containsKey(id)) {
                return;
            }
            fail("close " + what);
            if (users != 0) {
                throw new HostException("IOMMU_DESTROY", Errno.EBUSY, what + " has users");
            }
            live.remove(id);
            calls.add("free " + what);
            closed();
        }

        void closed() {}
    }

    final class Table extends Thing implements Hwpt {
        final Slice slice;
        final long ste0;
        final long ste1;

        Table(String what, Slice slice, long ste0, long ste1) {
            super(what);
            this.slice = slice;
            this.ste0 = ste0;
            this.ste1 = ste1;
            if (slice != null) {
                slice.users++;
            }
        }

        @Override
        public boolean isNestingParent() {
            return slice == null;
        }

        @Override
        void closed() {
            if (slice != null) {
                slice.users--;
            }
        }
    }

    final class Slice extends Thing implements Viommu {
        final String smmu;
        final Table parent;
        final Map<Integer, Device> streams = new HashMap<>();

        Slice(String smmu, Table parent) {
            super("viommu");
            this.smmu = smmu;
            this.parent = parent;
            parent.users++;
        }

        @Override
        public Hwpt allocateHwpt(IommufdDevice device, long ste0, long ste1) throws HostException {
            String what = (ste0 >>> 1 & 7) == 0 ? "abort"
                    : (ste0 >>> 1 & 7) == 4 ? "bypass"
                    : ste0 >>> 59 > 20 ? "illegal" : "nested";
            fail(what);
            same((Device) device);
            if ((ste0 & ~0xF8FF_FFFF_FFFF_FFFFL) != 0 || (ste1 & ~0x3800_00FFL) != 0
                    || (ste0 >>> 1 & 7) > 5 || (ste1 >>> 28 & 3) > 1) {
                throw new HostException("IOMMU_HWPT_ALLOC", Errno.EIO, "STE %x %x".formatted(ste0, ste1));
            }
            return new Table(what, this, ste0, ste1);
        }

        private void same(Device device) throws HostException {
            if (!device.smmu.equals(smmu)) {
                throw new HostException("IOMMU", Errno.EINVAL, "another SMMU");
            }
        }

        @Override
        public HostObject allocateVdevice(IommufdDevice device, int virtualStreamId) throws HostException {
            fail("vdevice");
            same((Device) device);
            if (streams.containsKey(virtualStreamId) || streams.containsValue((Device) device)) {
                throw new HostException("IOMMU_VDEVICE_ALLOC", Errno.EEXIST, "0x%x".formatted(virtualStreamId));
            }
            streams.put(virtualStreamId, (Device) device);
            users++;
            return new Thing("vdevice 0x%x".formatted(virtualStreamId)) {
                @Override
                void closed() {
                    streams.remove(virtualStreamId);
                    Slice.this.users--;
                }
            };
        }

        @Override
        public Invalidated invalidate(long[] commands, int count) {
            calls.add("invalidate " + count);
            int handled = 0;
            if (wholeBatches) {
                for (int i = 0; i < count; i++) {
                    if (refuses.test(Arrays.copyOfRange(commands, 2 * i, 2 * i + 2))) {
                        return new Invalidated(0, Errno.EIO);
                    }
                }
            }
            while (handled < Math.min(count, most)) {
                long[] command = Arrays.copyOfRange(commands, 2 * handled, 2 * handled + 2);
                if (refuses.test(command) || !knows(command)) {
                    return new Invalidated(handled, Errno.EIO);
                }
                invalidated.add("%x %x".formatted(command[0], command[1]));
                handled++;
            }
            return new Invalidated(handled, null);
        }

        private boolean knows(long[] command) {
            int opcode = (int) command[0] & 0xFF;
            return opcode != 5 && opcode != 6 && opcode != 0x40 || streams.containsKey((int) (command[0] >>> 32));
        }

        @Override
        public VeventQueue allocateEventQueue(int depth) throws HostException {
            fail("events");
            users++;
            events = new Events(this);
            return events;
        }

        @Override
        void closed() {
            parent.users--;
        }
    }

    final class Events extends Thing implements VeventQueue {
        private final Slice slice;
        private final ArrayDeque<Vevent> waiting = new ArrayDeque<>();
        private Runnable listener;

        Events(Slice slice) {
            super("events");
            this.slice = slice;
        }

        @Override
        public void onReadable(Runnable told) {
            listener = told;
            if (told != null && !waiting.isEmpty()) {
                told.run();
            }
        }

        @Override
        public Optional<Vevent> read() {
            return Optional.ofNullable(waiting.poll());
        }

        void report(Vevent event) {
            waiting.add(event);
            if (listener != null) {
                listener.run();
            }
        }

        boolean isListenedTo() {
            return listener != null;
        }

        int waiting() {
            return waiting.size();
        }

        @Override
        void closed() {
            slice.users--;
        }
    }

    final class Device implements AssignedFunction, IommufdDevice {
        final String name;
        final String smmu;
        final Table stage2;
        HardwareInfo info = new HardwareInfo(List.of(IDR0, IDR1, 0, IDR3, 0, IDR5), 0, 0, false, 20);
        Table attached;
        long generation;

        Device(String name, String smmu) {
            this.name = name;
            this.smmu = smmu;
            stage2 = new Table("stage2", null, 0, 0);
            attached = stage2;
            stage2.users++;
        }

        String attachment() {
            return attached == null ? "detached" : attached.what;
        }

        private void become(Table table) {
            if (attached != null) {
                attached.users--;
            }
            attached = table;
            if (table != null) {
                table.users++;
            }
            generation++;
        }

        @Override
        public IommufdDevice device() {
            return this;
        }

        @Override
        public Hwpt stage2() {
            return stage2;
        }

        @Override
        public Optional<String> pass() {
            if (failures.containsKey("pass")) {
                return Optional.of("cannot pass");
            }
            calls.add("pass " + name);
            become(stage2);
            return Optional.empty();
        }

        @Override
        public Optional<String> block() {
            if (failures.containsKey("block")) {
                return Optional.of("cannot block");
            }
            calls.add("block " + name);
            become(null);
            return Optional.empty();
        }

        @Override
        public String hostName() {
            return name;
        }

        @Override
        public HardwareInfo hardwareInfo() throws HostException {
            fail("info");
            return info;
        }

        @Override
        public Hwpt allocateHwpt(Ioas ioas, boolean nestingParent) {
            throw new IllegalStateException("the board's business");
        }

        @Override
        public Viommu allocateViommu(Hwpt parent) throws HostException {
            fail("viommu");
            return new Slice(smmu, (Table) parent);
        }

        @Override
        public void attach(PageTable table) throws HostException {
            Table hwpt = (Table) table;
            fail("attach " + hwpt.what);
            if (!live.containsKey(hwpt.id)) {
                throw new HostException("VFIO_DEVICE_ATTACH_IOMMUFD_PT", Errno.ENOENT, hwpt.what);
            }
            if (hwpt.slice != null && !hwpt.slice.smmu.equals(smmu)) {
                throw new HostException("VFIO_DEVICE_ATTACH_IOMMUFD_PT", Errno.EINVAL, "another SMMU");
            }
            if ((hwpt.what.equals("nested") || hwpt.what.equals("illegal")) && !hwpt.slice.streams.containsValue(this)) {
                throw new HostException("VFIO_DEVICE_ATTACH_IOMMUFD_PT", Errno.ENOENT, "no vDEVICE");
            }
            calls.add("attach %s %s".formatted(name, hwpt.what));
            become(hwpt);
        }

        @Override
        public void detach() {
            become(null);
        }

        @Override
        public void attach(int pasid, PageTable table) {
            throw new IllegalStateException("nobody attaches PASIDs");
        }

        @Override
        public void detach(int pasid) {
            throw new IllegalStateException("nobody attaches PASIDs");
        }

        @Override
        public int id() {
            return 1000;
        }

        @Override
        public void close() {
            throw new IllegalStateException("the board's business");
        }
    }

    Device device(String name) {
        return new Device(name, "smmu.a");
    }

    Device device(String name, String smmu) {
        return new Device(name, smmu);
    }

    /** {@return the objects that are no device's own stage 2} */
    List<String> objects() {
        return live.values().stream()
                .map(object -> ((Thing) object).what)
                .filter(what -> !what.equals("stage2"))
                .sorted()
                .toList();
    }

    static PciRequester function(int requesterId) {
        return function(requesterId, PciRequester.Kind.ASSIGNED_ENDPOINT);
    }

    static PciRequester function(int requesterId, PciRequester.Kind kind) {
        Bdf address = Bdf.ofRequesterId(requesterId);
        return new PciRequester(address, address, "vfio-pci", kind);
    }
}
