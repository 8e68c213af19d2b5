package dev.backplane.smmuv3.accel;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuEvent;
import dev.backplane.smmuv3.translate.StreamConfig;
import dev.backplane.smmuv3.translate.StreamTableReader;
import java.util.Optional;

/**
 * Says where the transactions of a stream go, by the registers and its STE (IHI 0070 sections 3.11, 5.2 and 6.3.15).
 * Reads the stream table and nothing behind it. Immutable.
 */
final class StreamPolicy {
    /** StreamID of a function whose bus has no number yet. */
    static final int NO_STREAM = -1;

    private static final BitField GBPA_ABORT = BitField.bit("ABORT", 20);
    private static final int CONFIG_STAGE_1 = 0b101;
    private static final int EATS_FULL = 1;
    private static final int EATS_SPLIT = 2;

    private final StreamTableReader table;
    private final boolean substreams;
    private final boolean ats;

    StreamPolicy(SmmuIdentity shown, DmaPort memory) {
        table = new StreamTableReader(shown.capabilities(), memory);
        substreams = Idr1.SSIDSIZE.isSet(shown.idr1());
        ats = Idr0.ATS.isSet(shown.idr0());
    }

    /**
     * {@return where a stream's transactions go}
     *
     * @param context context of the calling thread
     * @param registers what governs translation
     * @param streamId StreamID, or {@link #NO_STREAM}
     * @param stalls whether the host's SMMU could stall the stream's transactions, which the guest is not told of
     */
    StreamTarget of(TransactionContext context, SmmuConfiguration registers, int streamId, boolean stalls) {
        if (!registers.enabled()) {
            return GBPA_ABORT.isSet(registers.gbpa())
                    ? new StreamTarget.Abort("SMMUEN is 0 and GBPA.ABORT is 1")
                    : new StreamTarget.Bypass("SMMUEN is 0");
        }
        if (streamId == NO_STREAM) {
            return new StreamTarget.Abort("its bus has no number yet");
        }
        StreamTableReader.Entry entry = table.read(context, registers, streamId);
        return switch (entry.config()) {
            case StreamConfig.Illegal(String reason) -> illegal(entry.event(), reason);
            case StreamConfig.Abort _ -> new StreamTarget.Abort("STE.Config");
            case StreamConfig.Bypass _ -> new StreamTarget.Bypass("STE.Config");
            case StreamConfig.Translate _ -> translate(entry.words(), streamId, stalls);
        };
    }

    /** {@return the STE that software wrote, with its eight words; for inspection} */
    StreamTableReader.Entry entry(TransactionContext context, SmmuConfiguration registers, int streamId) {
        return table.read(context, registers, streamId);
    }

    private static StreamTarget illegal(Optional<SmmuEvent> event, String reason) {
        return new StreamTarget.Illegal(event, "no legal STE: " + reason);
    }

    /** Fields that the ID registers make IGNORED are left out: the host's SMMU might honour them. */
    private StreamTarget translate(long[] ste, int streamId, boolean stalls) {
        int eats = ats ? Ste.EATS.getInt(ste) : 0;
        if (eats == EATS_SPLIT) {
            return illegal(
                    Optional.of(SmmuEvent.configuration(
                            EventType.C_BAD_STE, streamId, TransactionAttributes.NO_SUBSTREAM)),
                    "STE.EATS asks for split-stage ATS, which is not supported");
        }
        long[] canonical = new long[2];
        Ste.V.set(canonical, 1);
        Ste.CONFIG.set(canonical, CONFIG_STAGE_1);
        canonical[0] |= Ste.S1CONTEXTPTR.inPlace(ste);
        if (substreams && Ste.S1CDMAX.isSet(ste)) {
            int format = Ste.S1FMT.getInt(ste);
            Ste.S1FMT.set(canonical, format == 3 ? 0 : format);
            Ste.S1CDMAX.set(canonical, Ste.S1CDMAX.get(ste));
            int defaultSubstream = Ste.S1DSS.getInt(ste);
            Ste.S1DSS.set(canonical, defaultSubstream == 3 ? 0 : defaultSubstream);
        }
        Ste.S1CIR.set(canonical, Ste.S1CIR.get(ste));
        Ste.S1COR.set(canonical, Ste.S1COR.get(ste));
        Ste.S1CSH.set(canonical, Ste.S1CSH.get(ste));
        Ste.S1STALLD.set(canonical, stalls ? 1 : 0);
        Ste.EATS.set(canonical, eats == EATS_FULL ? 1 : 0);
        return new StreamTarget.Translate(canonical[0], canonical[1]);
    }
}
