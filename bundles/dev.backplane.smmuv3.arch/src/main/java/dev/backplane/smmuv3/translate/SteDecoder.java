package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.spec.IdRegisters.addressBits;

import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.StreamConfig.ContextTablePointer;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;

/**
 * Decodes stream table entries by the rules of IHI 0070 section 5.2.2 for a Non-secure SMMUv3.1 or later without HYP,
 * ATS, HTTU, AArch32 and big-endian tables. Immutable.
 */
public final class SteDecoder {
    private static final StreamConfig ABORT = new StreamConfig.Abort();

    private final SmmuCapabilities capabilities;

    /** Makes a decoder for an SMMU with these capabilities. */
    public SteDecoder(SmmuCapabilities capabilities) {
        this.capabilities = capabilities;
    }

    /**
     * {@return what an STE says}
     *
     * @param ste its eight 64-bit words
     */
    public StreamConfig decode(long[] ste) {
        if (!Ste.V.isSet(ste)) {
            return illegal("STE.V is 0");
        }
        int config = Ste.CONFIG.getInt(ste);
        if ((config & 0b100) == 0) {
            return ABORT;
        }
        AttributeOverrides overrides = AttributeOverrides.ofSte(capabilities, ste);
        if (config == 0b100) {
            return new StreamConfig.Bypass(overrides);
        }
        boolean stage1 = (config & 0b001) != 0;
        boolean stage2 = (config & 0b010) != 0;
        String broken = stage1 ? stage1Fault(ste) : null;
        if (broken == null && stage2) {
            broken = stage2Fault(ste);
        }
        if (broken == null && capabilities.stage2() && !capabilities.vmid16() && Ste.S2VMID.getInt(ste) > 0xFF) {
            broken = "STE.S2VMID exceeds 8 bits";
        }
        if (broken != null) {
            return illegal(broken);
        }
        return new StreamConfig.Translate(
                stage1 ? contexts(ste) : null,
                stage2 ? stage2(ste) : null,
                capabilities.stage2() ? Ste.S2VMID.getInt(ste) : 0,
                overrides);
    }

    private static StreamConfig illegal(String reason) {
        return new StreamConfig.Illegal(reason);
    }

    private String stage1Fault(long[] ste) {
        if (!capabilities.stage1()) {
            return "STE.Config enables stage 1, which is not supported";
        }
        if (Ste.S1STALLD.isSet(ste)) {
            return "STE.S1STALLD is 1 and the stall model is not configurable";
        }
        int cdMax = Ste.S1CDMAX.getInt(ste);
        if (capabilities.substreamIdBits() != 0 && cdMax > capabilities.substreamIdBits()) {
            return "STE.S1CDMax exceeds SSIDSIZE";
        }
        int format = Ste.S1FMT.getInt(ste);
        if (capabilities.substreamIdBits() != 0 && cdMax != 0 && !capabilities.twoLevelCdTable()
                && (format == 1 || format == 2)) {
            return "STE.S1Fmt selects a two-level table, which is not supported";
        }
        if (Ste.S1CONTEXTPTR.inPlace(ste) >>> capabilities.outputBits() != 0) {
            return "STE.S1ContextPtr exceeds the address size";
        }
        return null;
    }

    private ContextTablePointer contexts(long[] ste) {
        int cdMax = capabilities.substreamIdBits() == 0 ? 0 : Ste.S1CDMAX.getInt(ste);
        int format = cdMax == 0 ? 0 : Ste.S1FMT.getInt(ste);
        int leafBits = format == 1 ? 6 : format == 2 ? 10 : 0;
        int defaultSubstream = Ste.S1DSS.getInt(ste);
        return new ContextTablePointer(
                Ste.S1CONTEXTPTR.inPlace(ste), cdMax, leafBits, defaultSubstream == 3 ? 0 : defaultSubstream);
    }

    private String stage2Fault(long[] ste) {
        if (!capabilities.stage2()) {
            return "STE.Config enables stage 2, which is not supported";
        }
        if (!Ste.S2AA64.isSet(ste)) {
            return "STE.S2AA64 is 0: AArch32 tables are not supported";
        }
        if (Ste.S2ENDI.isSet(ste)) {
            return "STE.S2ENDI is 1: big-endian tables are not supported";
        }
        if (Ste.S2HA.isSet(ste) || Ste.S2HD.isSet(ste)) {
            return "STE.S2HA or S2HD is 1: hardware update is not supported";
        }
        if (Ste.S2S.isSet(ste)) {
            return "STE.S2S is 1: stalling is not supported";
        }
        Granule granule = granule(ste);
        if (granule == null || !capabilities.supports(granule)) {
            return "STE.S2TG selects a granule that is not supported";
        }
        int outputBits = stage2OutputBits(ste, granule);
        if (Ste.S2TTB.inPlace(ste) >>> outputBits != 0) {
            return "STE.S2TTB exceeds the effective S2PS";
        }
        int t0sz = Ste.S2T0SZ.getInt(ste);
        int max = !capabilities.smallTables() ? 39 : granule == Granule.KIB64 ? 47 : 48;
        int min = Math.max(granule == Granule.KIB64 ? 12 : 16, 64 - capabilities.outputBits());
        if (t0sz < min || t0sz > max) {
            return "STE.S2T0SZ is outside %d to %d".formatted(min, max);
        }
        return startLevelFault(granule, Ste.S2SL0.getInt(ste), 64 - t0sz);
    }

    /** The rules for VTCR_EL2.SL0 (DDI 0487, AArch64.S2InvalidSL and S2InconsistentSL). */
    private String startLevelFault(Granule granule, int sl0, int inputBits) {
        int oas = capabilities.outputBits();
        boolean reserved = switch (granule) {
            case KIB4 -> sl0 == 3 && !capabilities.smallTables() || sl0 == 2 && oas < 44;
            case KIB16 -> sl0 == 3 || sl0 == 2 && oas < 42;
            case KIB64 -> sl0 == 3 || sl0 == 2 && oas < 44;
        };
        if (reserved) {
            return "STE.S2SL0 selects a reserved start level";
        }
        int least = (4 - startLevel(granule, sl0) - 1) * granule.stride() + granule.shift() + 1;
        // The first table may be a full one, and up to 16 of them may be concatenated.
        int most = least + granule.stride() - 1 + 4;
        return inputBits < least || inputBits > most
                ? "STE.S2SL0 does not fit S2T0SZ: %d to %d input bits expected".formatted(least, most)
                : null;
    }

    private static int startLevel(Granule granule, int sl0) {
        return granule == Granule.KIB4 ? sl0 == 3 ? 3 : 2 - sl0 : 3 - sl0;
    }

    private int stage2OutputBits(long[] ste, Granule granule) {
        int ps = addressBits(Math.min(6, Ste.S2PS.getInt(ste)));
        return Math.min(Math.min(ps, capabilities.outputBits()), granule == Granule.KIB64 ? 52 : 48);
    }

    private static Granule granule(long[] ste) {
        return switch (Ste.S2TG.getInt(ste)) {
            case 0 -> Granule.KIB4;
            case 1 -> Granule.KIB64;
            case 2 -> Granule.KIB16;
            default -> null;
        };
    }

    private Stage2Config stage2(long[] ste) {
        Granule granule = granule(ste);
        TableGeometry geometry = TableGeometry.of(
                granule,
                64 - Ste.S2T0SZ.getInt(ste),
                startLevel(granule, Ste.S2SL0.getInt(ste)),
                Ste.S2TTB.inPlace(ste),
                stage2OutputBits(ste, granule),
                granule == Granule.KIB64 && capabilities.outputBits() == 52);
        return new Stage2Config(
                geometry,
                Ste.S2AFFD.isSet(ste),
                Ste.S2PTW.isSet(ste),
                Ste.S2R.isSet(ste),
                capabilities.forcedWriteBack() && Ste.S2FWB.isSet(ste));
    }
}
