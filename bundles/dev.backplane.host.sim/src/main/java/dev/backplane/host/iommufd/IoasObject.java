package dev.backplane.host.iommufd;

import static dev.backplane.host.memory.HostMemory.PAGE_BYTES;

import dev.backplane.host.memory.Operation;
import dev.backplane.host.memory.PinnedMemory;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Ioas;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** An I/O address space. */
final class IoasObject extends IommufdObject implements Ioas {
    /** Where the host maps the doorbells of its interrupt controller, and whatever else it needs there. */
    static final long MSI_BASE = 0x0800_0000L;

    /** Size of that window. */
    static final long MSI_BYTES = 0x10_0000;

    private final NavigableMap<Long, Mapping> mappings = new TreeMap<>(Long::compareUnsigned);
    private final List<PagingHwpt> tables = new ArrayList<>();

    record Mapping(long iova, PinnedMemory memory, boolean readable, boolean writable) {
        long last() {
            return iova + memory.length() - 1;
        }
    }

    IoasObject(IommufdFile file) {
        super(file, "ioas");
    }

    @Override
    public List<IovaRange> ranges() throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_IOAS_IOVA_RANGES);
            file.faults().check(Operation.IOMMU_IOAS_IOVA_RANGES);
            if (tables.isEmpty()) {
                return List.of(new IovaRange(0, -1));
            }
            return List.of(
                    new IovaRange(0, MSI_BASE - 1), new IovaRange(MSI_BASE + MSI_BYTES, lastAddress()));
        }
    }

    private long lastAddress() {
        int bits = tables.stream().mapToInt(table -> table.tables().inputBits()).min().orElse(64);
        return bits == 64 ? -1 : (1L << bits) - 1;
    }

    @Override
    public void map(long iova, MemorySegment memory, boolean readable, boolean writable) throws HostException {
        synchronized (file) {
            require(file, Operation.IOMMU_IOAS_MAP);
            file.faults().check(Operation.IOMMU_IOAS_MAP);
            checkRange(iova, memory, readable || writable);
            PinnedMemory pinned = pin(memory, iova);
            var mapping = new Mapping(iova, pinned, readable, writable);
            var filled = new ArrayList<PagingHwpt>();
            try {
                for (PagingHwpt table : tables) {
                    table.fill(mapping);
                    filled.add(table);
                }
            } catch (HostException e) {
                filled.forEach(table -> table.empty(mapping));
                file.memory().unpin(pinned);
                throw renamed(e, Operation.IOMMU_IOAS_MAP);
            }
            mappings.put(iova, mapping);
        }
    }

    private PinnedMemory pin(MemorySegment memory, long iova) throws HostException {
        try {
            return file.memory().pin(memory, iova);
        } catch (HostException e) {
            throw renamed(e, Operation.IOMMU_IOAS_MAP);
        }
    }

    /** {@return a failure inside an operation as a failure of that operation} */
    static HostException renamed(HostException inner, Operation operation) {
        return new HostException(operation.name(), inner.errno(), inner.getMessage());
    }

    private void checkRange(long iova, MemorySegment memory, boolean useful) throws HostException {
        long length = memory.byteSize();
        if (!memory.isNative() || !useful) {
            throw refused(Errno.EINVAL, iova, length,
                    memory.isNative() ? "neither readable nor writable" : "no native memory");
        }
        if (length == 0 || ((iova | length | memory.address()) & PAGE_BYTES - 1) != 0) {
            throw refused(Errno.EINVAL, iova, length,
                    "address 0x%x: IOVA, address and length must be multiples of 0x1000".formatted(memory.address()));
        }
        long last = iova + length - 1;
        if (Long.compareUnsigned(last, iova) < 0) {
            throw new HostException(Operation.IOMMU_IOAS_MAP.name(), Errno.EOVERFLOW,
                    "IOVA 0x%x + 0x%x does not fit 64 bits".formatted(iova, length));
        }
        if (!tables.isEmpty() && (overlaps(iova, last, MSI_BASE, MSI_BASE + MSI_BYTES - 1)
                || Long.compareUnsigned(last, lastAddress()) > 0)) {
            throw refused(Errno.EINVAL, iova, length,
                    "reserved: devices can use all but 0x8000000-0x80fffff up to 0x%x".formatted(lastAddress()));
        }
        Mapping below = floor(last);
        if (below != null && Long.compareUnsigned(below.last(), iova) >= 0) {
            throw refused(Errno.EEXIST, iova, length,
                    "0x%x-0x%x is mapped".formatted(below.iova(), below.last()));
        }
    }

    private Mapping floor(long iova) {
        var entry = mappings.floorEntry(iova);
        return entry == null ? null : entry.getValue();
    }

    private static boolean overlaps(long first, long last, long otherFirst, long otherLast) {
        return Long.compareUnsigned(first, otherLast) <= 0 && Long.compareUnsigned(last, otherFirst) >= 0;
    }

    private static HostException refused(Errno errno, long iova, long length, String why) {
        return new HostException(Operation.IOMMU_IOAS_MAP.name(), errno,
                "IOVA 0x%x, length 0x%x: %s".formatted(iova, length, why));
    }

    @Override
    public long unmap(long iova, long length) throws HostException {
        synchronized (file) {
            if (file.isClosed()) {
                // A host that goes away takes all mappings with it; who cleans up after that finds nothing to do.
                return 0;
            }
            require(file, Operation.IOMMU_IOAS_UNMAP);
            file.faults().check(Operation.IOMMU_IOAS_UNMAP);
            long last = iova + length - 1;
            if (length == 0 || Long.compareUnsigned(last, iova) < 0) {
                throw new HostException(Operation.IOMMU_IOAS_UNMAP.name(), Errno.EINVAL,
                        "IOVA 0x%x, length 0x%x: no range".formatted(iova, length));
            }
            var gone = new ArrayList<>(mappings.subMap(iova, true, last, true).values());
            Mapping below = mappings.lowerEntry(iova) == null ? null : mappings.lowerEntry(iova).getValue();
            boolean cutBelow = below != null && Long.compareUnsigned(below.last(), iova) >= 0;
            boolean cutAbove = !gone.isEmpty() && Long.compareUnsigned(gone.getLast().last(), last) > 0;
            if (gone.isEmpty() || cutBelow || cutAbove) {
                throw new HostException(Operation.IOMMU_IOAS_UNMAP.name(), Errno.ENOENT,
                        "IOVA 0x%x, length 0x%x: %s".formatted(iova, length,
                                cutBelow || cutAbove ? "a mapping would be cut in two" : "nothing is mapped there"));
            }
            return unmap(gone);
        }
    }

    private long unmap(Collection<Mapping> gone) {
        for (PagingHwpt table : tables) {
            gone.forEach(table::empty);
            table.invalidate();
        }
        long bytes = 0;
        for (Mapping mapping : gone) {
            mappings.remove(mapping.iova());
            file.memory().unpin(mapping.memory());
            bytes += mapping.memory().length();
        }
        return bytes;
    }

    Collection<Mapping> mappings() {
        return mappings.values();
    }

    /** Lets a page table follow this space. */
    void attach(PagingHwpt table) throws HostException {
        Mapping below = floor(MSI_BASE + MSI_BYTES - 1);
        if (below != null && Long.compareUnsigned(below.last(), MSI_BASE) >= 0) {
            throw new HostException(Operation.IOMMU_HWPT_ALLOC.name(), Errno.EADDRINUSE,
                    "the host needs IOVA 0x8000000-0x80fffff for MSIs, and %s maps 0x%x-0x%x"
                            .formatted(this, below.iova(), below.last()));
        }
        long end = 1L << table.tables().inputBits();
        if (!mappings.isEmpty() && Long.compareUnsigned(mappings.lastEntry().getValue().last(), end - 1) > 0) {
            throw new HostException(Operation.IOMMU_HWPT_ALLOC.name(), Errno.EADDRINUSE,
                    "%s maps up to 0x%x, and %s has %d address bits".formatted(this,
                            mappings.lastEntry().getValue().last(), table.smmu().name(), table.tables().inputBits()));
        }
        for (Mapping mapping : mappings.values()) {
            table.fill(mapping);
        }
        tables.add(table);
    }

    void detach(PagingHwpt table) {
        tables.remove(table);
    }

    /** {@return a table that the host made for an SMMU by itself, or null} */
    PagingHwpt automatic(HostSmmu smmu) {
        return tables.stream().filter(table -> table.isAutomatic() && table.smmu() == smmu).findFirst().orElse(null);
    }

    @Override
    void release() {
        unmap(new ArrayList<>(mappings.values()));
    }

    @Override
    String describe() {
        long bytes = mappings.values().stream().mapToLong(mapping -> mapping.memory().length()).sum();
        return "%d mappings, 0x%x bytes".formatted(mappings.size(), bytes);
    }
}
