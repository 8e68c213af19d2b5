package dev.backplane.host.iommufd;

import dev.backplane.host.memory.Operation;
import dev.backplane.host.smmu.StreamEntries;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;
import java.util.List;

/** A page table of a guest: the fields of its STE, over the stage 2 of its vIOMMU. */
final class NestedHwpt extends IommufdObject implements Hwpt {
    private static final List<WordField> ALLOWED = List.of(
            Ste.V, Ste.CONFIG, Ste.S1FMT, Ste.S1CONTEXTPTR, Ste.S1CDMAX,
            Ste.S1DSS, Ste.S1CIR, Ste.S1COR, Ste.S1CSH, Ste.S1STALLD, Ste.EATS);

    private final ViommuObject viommu;
    private final long ste0;
    private final long ste1;

    NestedHwpt(ViommuObject viommu, long ste0, long ste1) throws HostException {
        super(viommu.file, "hwpt", viommu);
        this.viommu = viommu;
        this.ste0 = ste0;
        this.ste1 = ste1;
    }

    /**
     * Refuses an STE that the host does not take. Whether the others are legal is the hardware's to say, for each
     * transaction that meets them.
     */
    static void check(long ste0, long ste1) throws HostException {
        long[] guest = {ste0, ste1, 0, 0, 0, 0, 0, 0};
        if (!Ste.V.isSet(guest)) {
            return;
        }
        if ((ste0 & ~allowed(0)) != 0 || (ste1 & ~allowed(1)) != 0) {
            throw refused(ste0, ste1, "bits 0x%x and 0x%x are not the guest's".formatted(
                    ste0 & ~allowed(0), ste1 & ~allowed(1)));
        }
        int config = Ste.CONFIG.getInt(guest);
        if (config != StreamEntries.ABORT && config != StreamEntries.BYPASS && config != StreamEntries.STAGE_1) {
            throw refused(ste0, ste1, "Config 0b%s: expected abort, bypass or stage 1".formatted(
                    Integer.toBinaryString(config)));
        }
        if (Ste.EATS.getInt(guest) > 1) {
            throw refused(ste0, ste1, "EATS %d: expected 0 or 1".formatted(Ste.EATS.getInt(guest)));
        }
    }

    private static long allowed(int word) {
        return ALLOWED.stream().filter(field -> field.word() == word).mapToLong(field -> field.bits().mask())
                .reduce(0, (one, other) -> one | other);
    }

    private static HostException refused(long ste0, long ste1, String why) {
        return new HostException(Operation.IOMMU_HWPT_ALLOC.name(), Errno.EIO,
                "STE 0x%x 0x%x: %s".formatted(ste0, ste1, why));
    }

    @Override
    public boolean isNestingParent() {
        return false;
    }

    ViommuObject viommu() {
        return viommu;
    }

    boolean translates() {
        long[] guest = {ste0};
        return Ste.V.isSet(guest) && Ste.CONFIG.getInt(guest) == StreamEntries.STAGE_1;
    }

    /** {@return whether the guest wants ATS with it} */
    boolean wantsAts() {
        long[] guest = {ste0, ste1};
        return Ste.V.isSet(guest) && Ste.EATS.getInt(guest) == 1;
    }

    long[] entry(boolean ats) {
        return StreamEntries.nested(
                viommu.smmu(), viommu.parent().tables(), viommu.parent().tag(), ste0, ste1, ats);
    }

    @Override
    void release() {
        // Tables are the guest's.
    }

    @Override
    String describe() {
        return "nested, STE 0x%x 0x%x".formatted(ste0, ste1);
    }
}
