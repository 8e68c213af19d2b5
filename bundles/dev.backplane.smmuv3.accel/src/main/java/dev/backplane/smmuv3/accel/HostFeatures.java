package dev.backplane.smmuv3.accel;

import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.smmuv3.spec.IdRegisters;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import dev.backplane.smmuv3.translate.Granule;
import java.util.EnumSet;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What the SMMU in front of a host device offers to the open properties. Of the ID registers only what the host
 * promises is taken; OAS is not promised, so what the register shows is a hint that has to be plausible.
 *
 * @param outputBits hint of the output address size, 40 to 48 bits
 * @param rangeInvalidation IDR3.RIL
 * @param ats whether the host allows ATS to the device
 * @param substreamIdBits IDR1.SSIDSIZE, at most 20
 * @param twoLevelContexts IDR0.CD2L
 * @param granules IDR5.GRAN4K, GRAN16K, GRAN64K
 */
record HostFeatures(
        int outputBits,
        boolean rangeInvalidation,
        boolean ats,
        int substreamIdBits,
        boolean twoLevelContexts,
        Set<Granule> granules) {

    private static final int LEAST_OUTPUT = 40;
    private static final int USUAL_OUTPUT = 44;
    private static final int MOST_OUTPUT = 48;
    /** Only with the 64K granule. */
    private static final int LARGE_OUTPUT = 52;

    /** What to show when no device is there to ask about: what every host has. */
    static final HostFeatures ANY_HOST =
            new HostFeatures(USUAL_OUTPUT, false, false, 0, false, EnumSet.of(Granule.KIB4));

    /** {@return what a host has at least that can do what is asked for: nobody sees more before it is known} */
    static HostFeatures least(OptionalInt outputBits) {
        return outputBits.orElse(0) == LARGE_OUTPUT
                ? new HostFeatures(USUAL_OUTPUT, false, false, 0, false, EnumSet.of(Granule.KIB4, Granule.KIB64))
                : ANY_HOST;
    }

    static HostFeatures of(HardwareInfo info) {
        int idr5 = info.idr().get(5);
        return new HostFeatures(
                outputBits(IdRegisters.addressBits(Idr5.OAS.getInt(idr5))),
                Idr3.RIL.isSet(info.idr().get(3)),
                !info.atsNotSupported(),
                Math.min(20, Idr1.SSIDSIZE.getInt(info.idr().get(1))),
                Idr0.CD2L.isSet(info.idr().get(0)),
                granules(idr5));
    }

    static Set<Granule> granules(int idr5) {
        var granules = EnumSet.noneOf(Granule.class);
        if (Idr5.GRAN4K.isSet(idr5)) {
            granules.add(Granule.KIB4);
        }
        if (Idr5.GRAN16K.isSet(idr5)) {
            granules.add(Granule.KIB16);
        }
        if (Idr5.GRAN64K.isSet(idr5)) {
            granules.add(Granule.KIB64);
        }
        return granules;
    }

    /** A host that does not tell shows 0, which means 32 bits: too few for any host that runs guests. */
    private static int outputBits(int shown) {
        return shown < LEAST_OUTPUT ? USUAL_OUTPUT : Math.min(shown, MOST_OUTPUT);
    }

    /** {@return what both offer} */
    HostFeatures and(HostFeatures other) {
        var common = EnumSet.copyOf(EnumSet.allOf(Granule.class));
        common.retainAll(granules);
        common.retainAll(other.granules);
        return new HostFeatures(
                Math.min(outputBits, other.outputBits),
                rangeInvalidation && other.rangeInvalidation,
                ats && other.ats,
                Math.min(substreamIdBits, other.substreamIdBits),
                twoLevelContexts && other.twoLevelContexts,
                common);
    }
}
