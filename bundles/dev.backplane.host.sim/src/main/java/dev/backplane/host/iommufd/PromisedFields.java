package dev.backplane.host.iommufd;

import dev.backplane.host.smmu.ToldField;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.SmmuIdentity;
import java.util.List;

/**
 * What IOMMU_GET_HW_INFO promises. A kernel hands the raw registers out and asks its users to look at these fields
 * only; here all others read as zero, so that who looks at them is found out.
 */
final class PromisedFields {
    private PromisedFields() {}

    static HardwareInfo of(SmmuIdentity identity, List<ToldField> told, boolean atsNotSupported, int pasidBits) {
        return new HardwareInfo(
                List.of(
                        of(0, identity.idr0(), told),
                        of(1, identity.idr1(), told),
                        0,
                        of(3, identity.idr3(), told),
                        0,
                        of(5, identity.idr5(), told)),
                identity.iidr(),
                identity.aidr(),
                atsNotSupported,
                pasidBits);
    }

    private static int of(int register, int word, List<ToldField> told) {
        long mask = ToldField.promised(register).stream().mapToLong(BitField::mask).reduce(0, (a, b) -> a | b);
        int shown = (int) (word & mask);
        for (ToldField field : told) {
            shown = field.register() == register ? field.in(shown) : shown;
        }
        return shown;
    }
}
