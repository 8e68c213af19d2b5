package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import java.util.List;
import java.util.Optional;
import java.util.function.BiPredicate;

/**
 * Whether the host's SMMU can do what the guest is shown: at least that, by the fields that the host promises. There is
 * no rule for TERM_MODEL, because the guest is shown the one that every SMMU can do, nor for OAS and VAX: OAS is not
 * promised, and 52-bit input addresses are never shown.
 */
final class Compatibility {

    /** Which ID register a field is in. */
    private enum Register {
        IDR0, IDR1, IDR3, IDR5;

        int of(SmmuIdentity identity) {
            return switch (this) {
                case IDR0 -> identity.idr0();
                case IDR1 -> identity.idr1();
                case IDR3 -> identity.idr3();
                case IDR5 -> identity.idr5();
            };
        }

        int of(HardwareInfo info) {
            return info.idr().get(switch (this) {
                case IDR0 -> 0;
                case IDR1 -> 1;
                case IDR3 -> 3;
                case IDR5 -> 5;
            });
        }
    }

    /**
     * A rule.
     *
     * @param register register of the field
     * @param field the field
     * @param fits whether the host's value, the first one, can do what the shown one promises
     * @param remedy what to do when not
     */
    private record Rule(Register register, BitField field, BiPredicate<Integer, Integer> fits, String remedy) {}

    private static final String OTHER_HOST = "assign a device behind another SMMU";

    private static final List<Rule> RULES = List.of(
            new Rule(Register.IDR0, Idr0.ST_LEVEL, Compatibility::atLeast, OTHER_HOST),
            new Rule(Register.IDR0, Idr0.TTENDIAN, (host, shown) -> host == 0 || host.equals(shown), OTHER_HOST),
            new Rule(Register.IDR0, Idr0.TTF, (host, shown) -> (host & shown) == shown, OTHER_HOST),
            new Rule(Register.IDR0, Idr0.STALL_MODEL, (host, shown) -> host == 0 || host.equals(shown), OTHER_HOST),
            new Rule(Register.IDR0, Idr0.ASID16, Compatibility::atLeast, OTHER_HOST),
            new Rule(Register.IDR0, Idr0.CD2L, Compatibility::atLeast, "set ssidsize=0"),
            new Rule(Register.IDR1, Idr1.SIDSIZE, Compatibility::atLeast, "lower sidsize"),
            new Rule(Register.IDR1, Idr1.SSIDSIZE, Compatibility::atLeast, "lower ssidsize"),
            new Rule(Register.IDR3, Idr3.RIL, Compatibility::atLeast, "set ril=off"),
            new Rule(Register.IDR3, Idr3.BBML, Compatibility::atLeast, "set profile=accelerated"),
            new Rule(Register.IDR5, Idr5.GRAN4K, Compatibility::atLeast, "leave 4K out of granules"),
            new Rule(Register.IDR5, Idr5.GRAN16K, Compatibility::atLeast, "leave 16K out of granules"),
            new Rule(Register.IDR5, Idr5.GRAN64K, Compatibility::atLeast, "leave 64K out of granules"));

    private Compatibility() {}

    private static boolean atLeast(int host, int shown) {
        return host >= shown;
    }

    /**
     * {@return why a host device cannot serve a guest that is shown these ID registers, or empty when it can}
     *
     * @param host the device's name
     * @param info what the host tells about the SMMU in front of it
     * @param shown what the guest sees
     */
    static Optional<String> check(String host, HardwareInfo info, SmmuIdentity shown) {
        for (Rule rule : RULES) {
            int offered = rule.field.getInt(rule.register.of(info));
            int needed = rule.field.getInt(rule.register.of(shown));
            if (!rule.fits.test(offered, needed)) {
                return Optional.of(("host device %s cannot be behind this SMMU: %s.%s of the host's SMMU is %d, the "
                        + "guest is shown %d: %s").formatted(
                        host, rule.register, rule.field.name(), offered, needed, rule.remedy));
            }
        }
        if (info.atsNotSupported() && Idr0.ATS.isSet(shown.idr0())) {
            return Optional.of(("host device %s cannot be behind this SMMU: the host does not support ATS for it, the "
                    + "guest is shown ATS: set ats=off").formatted(host));
        }
        return Optional.empty();
    }
}
