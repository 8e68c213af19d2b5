package dev.backplane.host.iommufd;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import java.util.List;

/**
 * What IOMMU_GET_HW_INFO promises. A kernel hands the raw registers out and asks its users to look at these fields
 * only;
 * here all others read as zero, so that who looks at them is found out.
 */
final class PromisedFields {
    private static final long IDR0 = mask(
            Idr0.ST_LEVEL, Idr0.TERM_MODEL, Idr0.STALL_MODEL, Idr0.TTENDIAN, Idr0.CD2L, Idr0.ASID16, Idr0.TTF);
    private static final long IDR1 = mask(Idr1.SIDSIZE, Idr1.SSIDSIZE);
    private static final long IDR3 = mask(Idr3.BBML, Idr3.RIL);
    private static final long IDR5 = mask(Idr5.VAX, Idr5.GRAN64K, Idr5.GRAN16K, Idr5.GRAN4K);

    private PromisedFields() {}

    private static long mask(BitField... fields) {
        long mask = 0;
        for (BitField field : fields) {
            mask |= field.mask();
        }
        return mask;
    }

    static HardwareInfo of(SmmuIdentity identity, boolean atsNotSupported, int pasidBits) {
        return new HardwareInfo(
                List.of(
                        (int) (identity.idr0() & IDR0),
                        (int) (identity.idr1() & IDR1),
                        0,
                        (int) (identity.idr3() & IDR3),
                        0,
                        (int) (identity.idr5() & IDR5)),
                identity.iidr(),
                identity.aidr(),
                atsNotSupported,
                pasidBits);
    }
}
