package dev.backplane.host.smmu;

import static dev.backplane.host.memory.HostMemory.FRAME_BYTES;
import static dev.backplane.host.memory.HostMemory.FRAME_SHIFT;
import static dev.backplane.host.memory.HostMemory.PAGE_BYTES;
import static dev.backplane.host.memory.HostMemory.PAGE_SHIFT;

import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.HostPort;
import dev.backplane.hostiommu.HostException;
import dev.backplane.smmuv3.spec.TableDescriptor;
import java.util.ArrayList;
import java.util.List;

/**
 * Translation tables of the host in its memory (DDI 0487, section D8.3): 4 KiB granule, pages of 4 KiB and blocks of
 * 2 MiB. A mapping becomes valid by one store of its descriptor. Tables stay until all are freed, so that no walk under
 * way meets one that was taken away. Not thread-safe; walks go on meanwhile.
 */
public final class StageTables {
    private static final int ENTRIES = 512;
    private static final int STRIDE = 9;
    private static final long OUTER_DEVICE = 0b0001;

    private final HostMemory memory;
    private final HostPort port;
    private final boolean stage2;
    private final boolean forcedWriteBack;
    private final int inputBits;
    private final int startLevel;
    private final int rootPages;
    private final long root;
    private final List<Long> tables = new ArrayList<>();

    /**
     * Makes empty tables.
     *
     * @param stage2 whether they are tables of stage 2 rather than stage 1
     * @param inputBits bits of an input address, 32 to 48
     * @param forcedWriteBack whether stage 2 is used with S2FWB
     * @throws HostException ENOMEM
     */
    public StageTables(HostMemory memory, HostPort port, boolean stage2, int inputBits, boolean forcedWriteBack)
            throws HostException {
        this.memory = memory;
        this.port = port;
        this.stage2 = stage2;
        this.forcedWriteBack = forcedWriteBack;
        this.inputBits = inputBits;
        // Stage 2 may begin at level 0 only from 44 bits on; below, level 1 tables are concatenated. Stage 1 must begin
        // where its address size says.
        startLevel = inputBits >= (stage2 ? 44 : 40) ? 0 : 1;
        rootPages = 1 << Math.max(0, inputBits - shift(startLevel) - STRIDE);
        root = memory.allocate(rootPages);
    }

    private static int shift(int level) {
        return PAGE_SHIFT + STRIDE * (3 - level);
    }

    /** {@return address of the first table} */
    public long root() {
        return root;
    }

    /** {@return bits of an input address} */
    public int inputBits() {
        return inputBits;
    }

    /** {@return level of the first table, 0 or 1} */
    public int startLevel() {
        return startLevel;
    }

    /**
     * Maps memory that is not mapped.
     *
     * @param address input address, aligned to 4 KiB; with {@code length} of 2 MiB to that
     * @param output host-physical address, aligned alike
     * @param length bytes, a multiple of 4 KiB up to 2 MiB that does not cross a boundary of 2 MiB
     * @throws HostException ENOMEM; nothing has been mapped then
     */
    public void map(long address, long output, long length, boolean readable, boolean writable)
            throws HostException {
        map(address, output, length, leaf(readable, writable, false));
    }

    /** Maps one page of a device's registers for writes. */
    public void mapDevice(long address, long output) throws HostException {
        map(address, output, PAGE_BYTES, leaf(false, true, true));
    }

    private void map(long address, long output, long length, long attributes) throws HostException {
        long table = root;
        for (int level = startLevel; level < 2; level++) {
            table = next(table + 8 * index(address, level));
        }
        long entry = table + 8 * index(address, 2);
        if (length == FRAME_BYTES && !TableDescriptor.VALID.isSet(port.load(entry))) {
            port.store(entry, output | attributes | TableDescriptor.VALID.mask());
            return;
        }
        long pages = next(entry);
        for (long done = 0; done < length; done += PAGE_BYTES) {
            port.store(pages + 8 * index(address + done, 3), (output + done) | attributes
                    | TableDescriptor.TYPE.mask() | TableDescriptor.VALID.mask());
        }
    }

    private long index(long address, int level) {
        long index = address >>> shift(level);
        return level == startLevel ? index : index & ENTRIES - 1;
    }

    /** {@return the table that an entry leads to; made when there is none} */
    private long next(long entry) throws HostException {
        long descriptor = port.load(entry);
        if (TableDescriptor.VALID.isSet(descriptor)) {
            return TableDescriptor.ADDRESS.inPlace(descriptor);
        }
        long table = memory.allocate(1);
        tables.add(table);
        port.store(entry, table | TableDescriptor.TYPE.mask() | TableDescriptor.VALID.mask());
        return table;
    }

    private long leaf(boolean readable, boolean writable, boolean device) {
        long descriptor = TableDescriptor.AF.mask() | TableDescriptor.SH.with(0, device ? 2 : 3);
        if (stage2) {
            long normal = forcedWriteBack ? 0b0110 : 0b1111;
            descriptor = TableDescriptor.MEMATTR.with(descriptor, device ? OUTER_DEVICE : normal);
            descriptor |= readable ? TableDescriptor.S2AP_READ.mask() : 0;
            descriptor |= writable ? TableDescriptor.S2AP_WRITE.mask() : 0;
            return device ? TableDescriptor.XN.with(descriptor, 2) : descriptor;
        }
        // Stage 1 cannot say write-only: what may be written may be read.
        descriptor = TableDescriptor.ATTR_INDX.with(descriptor, device ? 1 : 0);
        descriptor |= TableDescriptor.AP1.mask() | TableDescriptor.NG.mask() | TableDescriptor.UXN.mask()
                | TableDescriptor.PXN.mask();
        return writable ? descriptor : descriptor | TableDescriptor.AP2.mask();
    }

    /** Unmaps memory, whether or not all of it is mapped; whole blocks only. TLBs keep it until they are told. */
    public void unmap(long address, long length) {
        for (long at = address; at - address < length; ) {
            at += unmapOne(at, length - (at - address));
        }
    }

    /** {@return how far the entry reached that was cleared or found empty} */
    private long unmapOne(long address, long left) {
        long table = root;
        for (int level = startLevel; level < 2; level++) {
            long descriptor = port.load(table + 8 * index(address, level));
            if (!TableDescriptor.VALID.isSet(descriptor)) {
                return toBoundary(address, shift(level));
            }
            table = TableDescriptor.ADDRESS.inPlace(descriptor);
        }
        long entry = table + 8 * index(address, 2);
        long descriptor = port.load(entry);
        if (!TableDescriptor.VALID.isSet(descriptor)) {
            return toBoundary(address, FRAME_SHIFT);
        }
        if (!TableDescriptor.TYPE.isSet(descriptor)) {
            if ((address & FRAME_BYTES - 1) != 0 || left < FRAME_BYTES) {
                throw new IllegalStateException("block at 0x%x is to be cut".formatted(address));
            }
            port.store(entry, 0);
            return FRAME_BYTES;
        }
        port.store(TableDescriptor.ADDRESS.inPlace(descriptor) + 8 * index(address, 3), 0);
        return PAGE_BYTES;
    }

    private static long toBoundary(long address, int shift) {
        return ((address >>> shift) + 1 << shift) - address;
    }

    /** Frees all tables. No walk may use them any more. */
    public void free() {
        tables.forEach(table -> memory.free(table, 1));
        tables.clear();
        memory.free(root, rootPages);
    }
}
