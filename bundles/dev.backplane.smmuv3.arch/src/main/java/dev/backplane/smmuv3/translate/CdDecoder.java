package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.spec.IdRegisters.addressBits;

import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.WordField;

/**
 * Decodes context descriptors by the rules of IHI 0070 section 5.4.2 for a Non-secure SMMUv3.1 or later without HTTU,
 * AArch32 and big-endian tables. Immutable.
 */
public final class CdDecoder {
    private final SmmuCapabilities capabilities;

    /** Makes a decoder for an SMMU with these capabilities. */
    public CdDecoder(SmmuCapabilities capabilities) {
        this.capabilities = capabilities;
    }

    /**
     * {@return what a CD says}
     *
     * @param cd its eight 64-bit words
     */
    public ContextConfig decode(long[] cd) {
        boolean lower = !Cd.EPD0.isSet(cd);
        boolean upper = !Cd.EPD1.isSet(cd);
        String broken = commonFault(cd, lower || upper);
        if (broken == null && lower) {
            broken = halfFault(cd, granule0(cd), Cd.T0SZ, Cd.TTB0);
        }
        if (broken == null && upper) {
            broken = halfFault(cd, granule1(cd), Cd.T1SZ, Cd.TTB1);
        }
        if (broken != null) {
            return new ContextConfig.Illegal(broken);
        }
        return new ContextConfig.Stage1(
                Cd.ASID.getInt(cd),
                lower ? half(cd, granule0(cd), Cd.T0SZ, Cd.TTB0, Cd.TBI0, Cd.HAD0, Cd.E0PD0) : null,
                upper ? half(cd, granule1(cd), Cd.T1SZ, Cd.TTB1, Cd.TBI1, Cd.HAD1, Cd.E0PD1) : null,
                Cd.TBI0.isSet(cd),
                Cd.TBI1.isSet(cd),
                Cd.AFFD.isSet(cd),
                Cd.WXN.isSet(cd),
                Cd.PAN.isSet(cd),
                Cd.MAIR.get(cd),
                Cd.R.isSet(cd),
                Cd.A.isSet(cd));
    }

    private String commonFault(long[] cd, boolean translates) {
        if (!Cd.V.isSet(cd)) {
            return "CD.V is 0";
        }
        if (capabilities.alwaysAbort() && !Cd.A.isSet(cd)) {
            return "CD.A is 0 and TERM_MODEL is 1";
        }
        if (Cd.S.isSet(cd)) {
            return "CD.S is 1: stalling is not supported";
        }
        if (translates && Cd.ENDI.isSet(cd)) {
            return "CD.ENDI is 1: big-endian tables are not supported";
        }
        if (!Cd.AA64.isSet(cd)) {
            return "CD.AA64 is 0: AArch32 tables are not supported";
        }
        if (Cd.HA.isSet(cd) || Cd.HD.isSet(cd)) {
            return "CD.HA or HD is 1: hardware update is not supported";
        }
        if (!capabilities.asid16() && Cd.ASID.getInt(cd) > 0xFF) {
            return "CD.ASID exceeds 8 bits";
        }
        return null;
    }

    private String halfFault(long[] cd, Granule granule, WordField size, WordField base) {
        if (granule == null || !capabilities.supports(granule)) {
            return "CD.TG%s selects a granule that is not supported".formatted(suffix(base));
        }
        int max = !capabilities.smallTables() ? 39 : granule == Granule.KIB64 ? 47 : 48;
        int min = granule == Granule.KIB64 && capabilities.inputBits() == 52 ? 12 : 16;
        int value = size.getInt(cd);
        if (value < min || value > max) {
            return "CD.%s is outside %d to %d".formatted(size.name(), min, max);
        }
        if (base.inPlace(cd) >>> outputBits(cd, granule) != 0) {
            return "CD.%s exceeds the effective IPS".formatted(base.name());
        }
        return null;
    }

    private static String suffix(WordField base) {
        return base.name().substring(3);
    }

    private int outputBits(long[] cd, Granule granule) {
        int ips = addressBits(Math.min(6, Cd.IPS.getInt(cd)));
        return Math.min(Math.min(ips, capabilities.outputBits()), granule == Granule.KIB64 ? 52 : 48);
    }

    private Stage1Table half(
            long[] cd, Granule granule, WordField size, WordField base, WordField tbi, WordField had, WordField e0pd) {
        int inputBits = 64 - size.getInt(cd);
        int startLevel = 3 - (inputBits - 1 - granule.shift()) / granule.stride();
        TableGeometry geometry = TableGeometry.of(
                granule,
                inputBits,
                startLevel,
                base.inPlace(cd),
                outputBits(cd, granule),
                granule == Granule.KIB64 && capabilities.outputBits() == 52);
        return new Stage1Table(
                geometry,
                tbi.isSet(cd),
                capabilities.hierarchicalDisable() && had.isSet(cd),
                capabilities.e0pd() && e0pd.isSet(cd));
    }

    private static Granule granule0(long[] cd) {
        return switch (Cd.TG0.getInt(cd)) {
            case 0 -> Granule.KIB4;
            case 1 -> Granule.KIB64;
            case 2 -> Granule.KIB16;
            default -> null;
        };
    }

    private static Granule granule1(long[] cd) {
        return switch (Cd.TG1.getInt(cd)) {
            case 1 -> Granule.KIB16;
            case 2 -> Granule.KIB4;
            case 3 -> Granule.KIB64;
            default -> null;
        };
    }
}
