package dev.backplane.host.smmu;

import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.spec.WordField;

/** STEs as the host composes them (IHI 0070 section 5.2). */
public final class StreamEntries {
    /** STE.Config: abort. */
    public static final int ABORT = 0b000;

    /** STE.Config: bypass. */
    public static final int BYPASS = 0b100;

    /** STE.Config: stage 1. */
    public static final int STAGE_1 = 0b101;

    private static final int STAGE_2 = 0b110;
    private static final int NESTED = 0b111;
    private static final int WRITE_BACK = 1;
    private static final int INNER_SHAREABLE = 3;
    private static final int INCOMING = 1;
    private static final int LARGEST_OUTPUT = 5;

    private StreamEntries() {}

    /** {@return an STE under which every transaction aborts, silently} */
    public static long[] abort() {
        long[] ste = new long[8];
        Ste.V.set(ste, 1);
        return ste;
    }

    /**
     * {@return an STE of stage 1 with the host's own CDs}
     *
     * @param table CD, or table of CDs
     * @param log2Count S1CDMax; a table of two levels with 4 KiB leaves if it is not 0
     * @param withoutSubstream S1DSS: 0 terminates transactions without SubstreamID, 2 uses CD 0
     */
    public static long[] stage1(long table, int log2Count, int withoutSubstream, boolean ats) {
        long[] ste = abort();
        Ste.CONFIG.set(ste, STAGE_1);
        Ste.S1FMT.set(ste, log2Count == 0 ? 0 : 1);
        ste[0] |= table;
        Ste.S1CDMAX.set(ste, log2Count);
        Ste.S1DSS.set(ste, withoutSubstream);
        Ste.S1CIR.set(ste, WRITE_BACK);
        Ste.S1COR.set(ste, WRITE_BACK);
        Ste.S1CSH.set(ste, INNER_SHAREABLE);
        Ste.SHCFG.set(ste, INCOMING);
        Ste.EATS.set(ste, ats ? 1 : 0);
        return ste;
    }

    /** {@return an STE of stage 2 alone} */
    public static long[] stage2(HostSmmu smmu, StageTables tables, int vmid, boolean ats) {
        long[] ste = abort();
        Ste.CONFIG.set(ste, STAGE_2);
        Ste.SHCFG.set(ste, INCOMING);
        Ste.EATS.set(ste, ats ? 1 : 0);
        Ste.S2FWB.set(ste, smmu.parameters().forcedWriteBack() ? 1 : 0);
        Ste.S2VMID.set(ste, vmid);
        Ste.S2T0SZ.set(ste, 64L - tables.inputBits());
        Ste.S2SL0.set(ste, tables.startLevel() == 0 ? 2 : 1);
        Ste.S2IR0.set(ste, WRITE_BACK);
        Ste.S2OR0.set(ste, WRITE_BACK);
        Ste.S2SH0.set(ste, INNER_SHAREABLE);
        Ste.S2PS.set(ste, outputSize(smmu));
        Ste.S2AA64.set(ste, 1);
        Ste.S2PTW.set(ste, 1);
        Ste.S2R.set(ste, 1);
        ste[3] = tables.root();
        return ste;
    }

    /**
     * {@return the guest's STE over the host's stage 2}
     *
     * @param ste0 first word of the guest's, only with fields that it may set
     * @param ste1 second word of the guest's, likewise
     */
    public static long[] nested(HostSmmu smmu, StageTables tables, int vmid, long ste0, long ste1, boolean ats) {
        long[] guest = {ste0, ste1, 0, 0, 0, 0, 0, 0};
        if (!translatesOrPasses(guest)) {
            return abort();
        }
        long[] ste = stage2(smmu, tables, vmid, ats && Ste.EATS.getInt(guest) == 1);
        if (Ste.CONFIG.getInt(guest) == STAGE_1) {
            Ste.CONFIG.set(ste, NESTED);
            copy(guest, ste, Ste.S1FMT, Ste.S1CONTEXTPTR, Ste.S1CDMAX, Ste.S1DSS, Ste.S1CIR, Ste.S1COR, Ste.S1CSH,
                    Ste.S1STALLD);
            // A guest that faults on purpose is not to crowd the event queue that all share.
            Ste.MEV.set(ste, 1);
        }
        return ste;
    }

    private static boolean translatesOrPasses(long[] guest) {
        return Ste.V.isSet(guest) && (Ste.CONFIG.getInt(guest) & BYPASS) != 0;
    }

    private static void copy(long[] from, long[] to, WordField... fields) {
        for (WordField field : fields) {
            field.set(to, field.get(from));
        }
    }

    /** {@return encoding of the output address size; the 4 KiB granule has at most 48 bits} */
    static int outputSize(HostSmmu smmu) {
        return Math.min(LARGEST_OUTPUT, Idr5.OAS.getInt(smmu.identity().idr5()));
    }
}
