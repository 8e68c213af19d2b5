package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.spec.IdRegisters.addressBits;

import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;

/**
 * What an SMMU advertises, as far as it decides how structures are read (IHI 0070 section 6.3). Fixed for the life of
 * the SMMU. Immutable.
 *
 * @param stage1 IDR0.S1P
 * @param stage2 IDR0.S2P
 * @param outputBits output address size in bits (IDR5.OAS): 32, 36, 40, 42, 44, 48 or 52
 * @param inputBits size in bits of virtual addresses with the 64 KiB granule (IDR5.VAX): 48 or 52
 * @param granule4K IDR5.GRAN4K
 * @param granule16K IDR5.GRAN16K
 * @param granule64K IDR5.GRAN64K
 * @param streamIdBits IDR1.SIDSIZE, 0 to 32
 * @param substreamIdBits IDR1.SSIDSIZE, 0 to 20
 * @param twoLevelStreamTable IDR0.ST_LEVEL = 1
 * @param twoLevelCdTable IDR0.CD2L
 * @param asid16 IDR0.ASID16: ASIDs have 16 bits, else 8
 * @param vmid16 IDR0.VMID16: VMIDs have 16 bits, else 8
 * @param stallModel IDR0.STALL_MODEL: 0 = stall and terminate, 1 = terminate only, 2 = stall forced
 * @param alwaysAbort IDR0.TERM_MODEL: terminated transactions always abort, CD.A must be 1
 * @param overridesTypes IDR1.ATTR_TYPES_OVR: STE and GBPA can override incoming memory attributes
 * @param overridesPermissions IDR1.ATTR_PERMS_OVR: STE and GBPA can override InD, PnU
 * @param hierarchicalDisable IDR3.HAD
 * @param executeNeverX IDR3.XNX
 * @param forcedWriteBack IDR3.FWB
 * @param smallTables IDR3.STT
 * @param rangeInvalidation IDR3.RIL
 * @param e0pd IDR3.E0PD
 */
public record SmmuCapabilities(
        boolean stage1,
        boolean stage2,
        int outputBits,
        int inputBits,
        boolean granule4K,
        boolean granule16K,
        boolean granule64K,
        int streamIdBits,
        int substreamIdBits,
        boolean twoLevelStreamTable,
        boolean twoLevelCdTable,
        boolean asid16,
        boolean vmid16,
        int stallModel,
        boolean alwaysAbort,
        boolean overridesTypes,
        boolean overridesPermissions,
        boolean hierarchicalDisable,
        boolean executeNeverX,
        boolean forcedWriteBack,
        boolean smallTables,
        boolean rangeInvalidation,
        boolean e0pd) {

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a size is none that the architecture has
     */
    public SmmuCapabilities {
        if (!stage1 && !stage2) {
            throw new IllegalArgumentException("neither stage 1 nor stage 2 is supported: expected one of them");
        }
        if (outputBits < 32 || outputBits > 52) {
            throw new IllegalArgumentException("output address size %d: expected 32 to 52 bits".formatted(outputBits));
        }
        if (inputBits != 48 && inputBits != 52) {
            throw new IllegalArgumentException("virtual address size %d: expected 48 or 52 bits".formatted(inputBits));
        }
        if (streamIdBits < 0 || streamIdBits > 32 || substreamIdBits < 0 || substreamIdBits > 20) {
            throw new IllegalArgumentException("StreamID of %d and SubstreamID of %d bits: expected at most 32 and 20"
                    .formatted(streamIdBits, substreamIdBits));
        }
    }

    /**
     * {@return what the ID registers advertise}
     *
     * @throws IllegalArgumentException if they advertise a size that is not supported here
     */
    public static SmmuCapabilities ofIdRegisters(int idr0, int idr1, int idr3, int idr5) {
        return new SmmuCapabilities(
                Idr0.S1P.isSet(idr0),
                Idr0.S2P.isSet(idr0),
                addressBits(Idr5.OAS.getInt(idr5)),
                Idr5.VAX.getInt(idr5) == 1 ? 52 : 48,
                Idr5.GRAN4K.isSet(idr5),
                Idr5.GRAN16K.isSet(idr5),
                Idr5.GRAN64K.isSet(idr5),
                Idr1.SIDSIZE.getInt(idr1),
                Idr1.SSIDSIZE.getInt(idr1),
                Idr0.ST_LEVEL.getInt(idr0) == 1,
                Idr0.CD2L.isSet(idr0),
                Idr0.ASID16.isSet(idr0),
                Idr0.VMID16.isSet(idr0),
                Idr0.STALL_MODEL.getInt(idr0),
                Idr0.TERM_MODEL.isSet(idr0),
                Idr1.ATTR_TYPES_OVR.isSet(idr1),
                Idr1.ATTR_PERMS_OVR.isSet(idr1),
                Idr3.HAD.isSet(idr3),
                Idr3.XNX.isSet(idr3),
                Idr3.FWB.isSet(idr3),
                Idr3.STT.isSet(idr3),
                Idr3.RIL.isSet(idr3),
                Idr3.E0PD.isSet(idr3));
    }

    /** {@return whether a granule is supported} */
    boolean supports(Granule granule) {
        return switch (granule) {
            case KIB4 -> granule4K;
            case KIB16 -> granule16K;
            case KIB64 -> granule64K;
        };
    }
}
