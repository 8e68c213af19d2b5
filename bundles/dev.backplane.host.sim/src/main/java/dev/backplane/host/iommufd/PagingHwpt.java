package dev.backplane.host.iommufd;

import static dev.backplane.host.memory.HostMemory.FRAME_BYTES;

import dev.backplane.host.iommufd.IoasObject.Mapping;
import dev.backplane.host.memory.Operation;
import dev.backplane.host.memory.PinnedMemory.Run;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.host.smmu.StageTables;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import java.util.HashSet;
import java.util.Set;

/**
 * A page table that follows an address space. A nesting parent is one of stage 2; others are of stage 1, under which a
 * device can have PASIDs.
 */
final class PagingHwpt extends IommufdObject implements Hwpt {
    private final IoasObject ioas;
    private final HostSmmu smmu;
    private final StageTables tables;
    private final boolean nestingParent;
    private final boolean automatic;
    private final int tag;
    /** Devices whose translations may come from here; guarded by the file. */
    private final Set<BoundDevice> devices = new HashSet<>();

    private PagingHwpt(
            IoasObject ioas, HostSmmu smmu, StageTables tables, int tag, boolean nestingParent, boolean automatic) {
        super(ioas.file, "hwpt", ioas);
        this.ioas = ioas;
        this.smmu = smmu;
        this.tables = tables;
        this.tag = tag;
        this.nestingParent = nestingParent;
        this.automatic = automatic;
    }

    /** Allocates one and fills it with what the space maps. */
    static PagingHwpt allocate(
            IoasObject ioas, HostSmmu smmu, long doorbell, boolean nestingParent, boolean automatic)
            throws HostException {
        int tag = (nestingParent ? smmu.vmids() : smmu.asids()).take(Operation.IOMMU_HWPT_ALLOC.name());
        StageTables tables = null;
        PagingHwpt table = null;
        try {
            tables = new StageTables(smmu.memory(), smmu.port(), nestingParent,
                    smmu.parameters().inputBits(), smmu.parameters().forcedWriteBack());
            tables.mapDevice(IoasObject.MSI_BASE, doorbell);
            table = new PagingHwpt(ioas, smmu, tables, tag, nestingParent, automatic);
            ioas.attach(table);
            return table;
        } catch (HostException e) {
            if (table != null) {
                table.destroy();
            } else {
                if (tables != null) {
                    tables.free();
                }
                (nestingParent ? smmu.vmids() : smmu.asids()).give(tag);
            }
            throw IoasObject.renamed(e, Operation.IOMMU_HWPT_ALLOC);
        }
    }

    @Override
    public boolean isNestingParent() {
        return nestingParent;
    }

    boolean isAutomatic() {
        return automatic;
    }

    HostSmmu smmu() {
        return smmu;
    }

    StageTables tables() {
        return tables;
    }

    /** {@return the VMID of a nesting parent, the ASID of another} */
    int tag() {
        return tag;
    }

    IoasObject ioas() {
        return ioas;
    }

    void fill(Mapping mapping) throws HostException {
        try {
            for (Run run : mapping.memory().runs()) {
                tables.map(mapping.iova() + run.offset(), run.address(), run.length(),
                        mapping.readable(), mapping.writable());
            }
        } catch (HostException e) {
            empty(mapping);
            throw e;
        }
    }

    void empty(Mapping mapping) {
        for (Run run : mapping.memory().runs()) {
            tables.unmap(mapping.iova() + run.offset(), Math.min(run.length(), FRAME_BYTES));
        }
    }

    /** Makes sure that nothing that was unmapped is used any more. */
    void invalidate() {
        if (nestingParent) {
            smmu.invalidateVmid(tag);
        } else {
            smmu.invalidateAsid(tag);
        }
        devices.forEach(BoundDevice::forgetTranslations);
    }

    void addDevice(BoundDevice device) {
        devices.add(device);
    }

    void removeDevice(BoundDevice device) {
        devices.remove(device);
    }

    @Override
    void release() {
        ioas.detach(this);
        invalidate();
        tables.free();
        (nestingParent ? smmu.vmids() : smmu.asids()).give(tag);
    }

    @Override
    String describe() {
        return "%s, %s, %s %d%s".formatted(nestingParent ? "nesting parent" : "stage 1", smmu.name(),
                nestingParent ? "VMID" : "ASID", tag, automatic ? ", made by the host" : "");
    }
}
