package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import java.util.Optional;

/**
 * The page table that streams share which have no legal STE. The host takes no STE of which it sees that it is illegal,
 * and replaces one with V=0 by one that aborts silently. It does not judge S1CDMax and S1STALLD, so that the hardware
 * can be given an STE that is ILLEGAL for it (IHI 0070 section 5.2): that aborts each transaction, and records
 * C_BAD_STE.
 */
final class IllegalTable {
    static final String LEASE = "hwpt.illegal";
    private static final int CONFIG_STAGE_1 = 0b101;
    /** More than any SSIDSIZE, which is 20 at most. */
    private static final int CDS_BEYOND_ANY = 31;

    private final HostObjects objects;

    IllegalTable(HostObjects objects) {
        this.objects = objects;
    }

    /**
     * {@return whether the STE is illegal for an SMMU} S1CDMax is IGNORED without SubstreamIDs, and S1STALLD means
     * something where software can choose whether transactions stall.
     */
    static boolean isIllegalFor(HardwareInfo info) {
        return Idr1.SSIDSIZE.isSet(info.idr().get(1)) || Idr0.STALL_MODEL.isSet(info.idr().getFirst());
    }

    /**
     * {@return the table, made when it is needed first}
     *
     * @param device a device behind the same physical SMMU
     * @throws HostException if the host refuses
     */
    Hwpt table(Viommu viommu, IommufdDevice device) throws HostException {
        Optional<Hwpt> known = find();
        return known.isPresent() ? known.get() : objects.allocate(LEASE, () -> make(viommu, device));
    }

    private static Hwpt make(Viommu viommu, IommufdDevice device) throws HostException {
        long[] ste = new long[2];
        Ste.V.set(ste, 1);
        Ste.CONFIG.set(ste, CONFIG_STAGE_1);
        Ste.S1CDMAX.set(ste, CDS_BEYOND_ANY);
        Ste.S1STALLD.set(ste, 1);
        return viommu.allocateHwpt(device, ste[0], ste[1]);
    }

    /** {@return the table, or empty when none was needed} */
    Optional<Hwpt> find() {
        return objects.find(LEASE, Hwpt.class);
    }
}
