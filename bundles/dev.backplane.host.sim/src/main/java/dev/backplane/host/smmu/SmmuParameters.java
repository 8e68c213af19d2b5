package dev.backplane.host.smmu;

import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.IdentityProfile;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuOptions;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.translate.Granule;
import java.util.List;
import java.util.Set;

/**
 * What the host's SMMUs have. Immutable.
 *
 * @param outputBits output address size: 32, 36, 40, 42, 44, 48 or 52 bits
 * @param granules translation granules; the host itself needs 4K
 * @param nesting whether stage 1 and stage 2 are both there
 * @param forcedWriteBack IDR3.FWB, without which the host refuses to nest
 * @param ats IDR0.ATS
 * @param substreamBits IDR1.SSIDSIZE, 0 to 20
 * @param rangeInvalidation IDR3.RIL
 * @param streamBits IDR1.SIDSIZE, 10 to 16
 * @param told what is told of them instead of what is so
 */
public record SmmuParameters(
        int outputBits,
        Set<Granule> granules,
        boolean nesting,
        boolean forcedWriteBack,
        boolean ats,
        int substreamBits,
        boolean rangeInvalidation,
        int streamBits,
        List<ToldField> told) {

    /** 48 bits, all granules, nesting with S2FWB, ATS, 16-bit StreamIDs and SubstreamIDs, range invalidation. */
    public static final SmmuParameters DEFAULT =
            new SmmuParameters(48, Set.of(Granule.values()), true, true, true, 16, true, 16, List.of());

    private static final int QUEUE_BITS = 19;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if the host cannot work with it
     */
    public SmmuParameters {
        granules = Set.copyOf(granules);
        told = List.copyOf(told);
        if (!granules.contains(Granule.KIB4)) {
            throw new IllegalArgumentException("granules without 4K: the host's own tables need it");
        }
        if (streamBits < 10 || streamBits > 16) {
            throw new IllegalArgumentException("sidsize %d is out of range: expected 10 to 16".formatted(streamBits));
        }
        if (substreamBits < 0 || substreamBits > 20) {
            throw new IllegalArgumentException("ssidsize %d is out of range: expected 0 to 20"
                    .formatted(substreamBits));
        }
    }

    /**
     * {@return the ID registers}
     *
     * @throws IllegalArgumentException if sizes do not go together
     */
    public SmmuIdentity identity() {
        SmmuIdentity full = IdentityProfile.FULL.identity(new SmmuOptions(
                true, nesting, outputBits, rangeInvalidation, granules, streamBits, QUEUE_BITS, QUEUE_BITS));
        int idr0 = with(Idr0.ATS, full.idr0(), ats ? 1 : 0);
        idr0 = with(Idr0.CD2L, idr0, substreamBits == 0 ? 0 : 1);
        int idr1 = with(Idr1.SSIDSIZE, full.idr1(), substreamBits);
        int idr3 = with(Idr3.FWB, full.idr3(), nesting && forcedWriteBack ? 1 : 0);
        return new SmmuIdentity(idr0, idr1, idr3, full.idr5(), full.iidr(), full.aidr(), full.peripheral());
    }

    private static int with(BitField field, int word, int value) {
        return (int) field.with(word & 0xFFFF_FFFFL, value);
    }

    /** {@return bits of the addresses that the host's page tables take} */
    public int inputBits() {
        return Math.min(outputBits, 48);
    }
}
