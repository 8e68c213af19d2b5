package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.spec.EventRecord.CLASS;
import static dev.backplane.smmuv3.spec.EventRecord.EVENT_ID;
import static dev.backplane.smmuv3.spec.EventRecord.FETCH_ADDR;
import static dev.backplane.smmuv3.spec.EventRecord.IND;
import static dev.backplane.smmuv3.spec.EventRecord.INPUT_ADDR;
import static dev.backplane.smmuv3.spec.EventRecord.IPA;
import static dev.backplane.smmuv3.spec.EventRecord.PNU;
import static dev.backplane.smmuv3.spec.EventRecord.REASON;
import static dev.backplane.smmuv3.spec.EventRecord.RNW;
import static dev.backplane.smmuv3.spec.EventRecord.S2;
import static dev.backplane.smmuv3.spec.EventRecord.SSV;
import static dev.backplane.smmuv3.spec.EventRecord.STAG;
import static dev.backplane.smmuv3.spec.EventRecord.STALL;
import static dev.backplane.smmuv3.spec.EventRecord.STREAM_ID;
import static dev.backplane.smmuv3.spec.EventRecord.SUBSTREAM_ID;
import static dev.backplane.smmuv3.spec.EventRecord.TTRNW;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.EventType;

/**
 * An event, before or after it travelled through the event queue (IHI 0070 section 7.3). Fields that a type does not
 * have are zero, {@code CD} for the class. TTRnW is not kept: tables are only read. Immutable.
 *
 * @param type type of the event
 * @param streamId StreamID
 * @param substreamId SubstreamID, or {@link TransactionAttributes#NO_SUBSTREAM} when SSV is 0
 * @param stage2 S2: the fault is one of stage 2
 * @param faultClass CLASS
 * @param read RnW: the transaction reads
 * @param instruction InD of the transaction, after overrides of the STE
 * @param privileged PnU of the transaction, after overrides of the STE
 * @param inputAddress InputAddr
 * @param ipa IPA, multiple of 4 KiB; meaningful when {@code stage2}
 * @param fetchAddress FetchAddr, multiple of 8
 * @param stalled Stall
 * @param stallTag STAG, 0 to 0xFFFF; meaningful when {@code stalled}
 * @param reason Reason of fetch faults, implementation defined, always 0 when made here
 */
public record SmmuEvent(
        EventType type,
        int streamId,
        int substreamId,
        boolean stage2,
        FaultClass faultClass,
        boolean read,
        boolean instruction,
        boolean privileged,
        long inputAddress,
        long ipa,
        long fetchAddress,
        boolean stalled,
        int stallTag,
        int reason) {

    /** {@return a configuration event that has a StreamID and a SubstreamID only} */
    public static SmmuEvent configuration(EventType type, int streamId, int substreamId) {
        return new SmmuEvent(
                type, streamId, substreamId, false, FaultClass.CD, false, false, false, 0, 0, 0, false, 0, 0);
    }

    /** {@return F_STE_FETCH or F_CD_FETCH} */
    public static SmmuEvent fetch(EventType type, int streamId, int substreamId, long fetchAddress) {
        return new SmmuEvent(
                type, streamId, substreamId, false, FaultClass.CD, false, false, false, 0, 0, fetchAddress & ~7L,
                false, 0, 0);
    }

    /** {@return this event, stalled under a tag} */
    public SmmuEvent stalled(int tag) {
        return new SmmuEvent(
                type, streamId, substreamId, stage2, faultClass, read, instruction, privileged, inputAddress, ipa,
                fetchAddress, true, tag, reason);
    }

    /** {@return the record in the event queue: four 64-bit words} */
    public long[] encode() {
        long[] words = new long[4];
        EVENT_ID.set(words, type.id());
        STREAM_ID.set(words, streamId & 0xFFFF_FFFFL);
        if (substreamId != TransactionAttributes.NO_SUBSTREAM) {
            // C_BAD_SUBSTREAMID always has a SubstreamID, so its record has no SSV (section 7.3.9).
            SSV.set(words, type == EventType.C_BAD_SUBSTREAMID ? 0 : 1);
            SUBSTREAM_ID.set(words, substreamId);
        }
        switch (type) {
            case F_STE_FETCH, F_CD_FETCH, F_VMS_FETCH -> {
                REASON.set(words, reason);
                words[3] |= FETCH_ADDR.bits().inPlace(fetchAddress);
            }
            case F_UUT, F_TRANSL_FORBIDDEN -> {
                REASON.set(words, reason);
                encodeAccess(words);
            }
            case F_WALK_EABT -> {
                REASON.set(words, reason);
                encodeAccess(words);
                encodeStage(words);
                words[3] |= FETCH_ADDR.bits().inPlace(fetchAddress);
            }
            case F_TRANSLATION, F_ADDR_SIZE, F_ACCESS, F_PERMISSION -> {
                if (stalled) {
                    STALL.set(words, 1);
                    STAG.set(words, stallTag);
                }
                encodeAccess(words);
                encodeStage(words);
                if (stage2) {
                    words[3] |= IPA.bits().inPlace(ipa);
                }
                if (type == EventType.F_PERMISSION && faultClass == FaultClass.TT) {
                    // Without hardware update of descriptors tables are only read (section 7.3.16).
                    TTRNW.set(words, 1);
                }
            }
            default -> { }
        }
        return words;
    }

    private void encodeAccess(long[] words) {
        if (type != EventType.F_TRANSL_FORBIDDEN) {
            PNU.set(words, privileged ? 1 : 0);
            IND.set(words, instruction ? 1 : 0);
        }
        RNW.set(words, read ? 1 : 0);
        INPUT_ADDR.set(words, inputAddress);
    }

    private void encodeStage(long[] words) {
        S2.set(words, stage2 ? 1 : 0);
        CLASS.set(words, faultClass.ordinal());
    }

    /**
     * {@return the event of a record, or null when its EventID is none of {@link EventType}}
     *
     * @param words four 64-bit words
     */
    public static SmmuEvent decode(long[] words) {
        EventType type = EventType.ofId(EVENT_ID.getInt(words));
        if (type == null) {
            return null;
        }
        boolean hasFetch = type == EventType.F_STE_FETCH || type == EventType.F_CD_FETCH
                || type == EventType.F_VMS_FETCH || type == EventType.F_WALK_EABT;
        boolean hasAccess = type.isTranslationFault() || type == EventType.F_WALK_EABT || type == EventType.F_UUT
                || type == EventType.F_TRANSL_FORBIDDEN;
        boolean hasStage = type.isTranslationFault() || type == EventType.F_WALK_EABT;
        boolean stage2 = hasStage && S2.isSet(words);
        boolean stalled = type.isTranslationFault() && STALL.isSet(words);
        return new SmmuEvent(
                type,
                STREAM_ID.bits().getInt(words[0]),
                SSV.isSet(words) || type == EventType.C_BAD_SUBSTREAMID
                        ? SUBSTREAM_ID.getInt(words)
                        : TransactionAttributes.NO_SUBSTREAM,
                stage2,
                hasStage ? FaultClass.values()[Math.min(2, CLASS.getInt(words))] : FaultClass.CD,
                hasAccess && RNW.isSet(words),
                hasAccess && type != EventType.F_TRANSL_FORBIDDEN && IND.isSet(words),
                hasAccess && type != EventType.F_TRANSL_FORBIDDEN && PNU.isSet(words),
                hasAccess ? INPUT_ADDR.get(words) : 0,
                stage2 && type.isTranslationFault() ? IPA.inPlace(words) : 0,
                hasFetch ? FETCH_ADDR.inPlace(words) : 0,
                stalled,
                stalled ? STAG.getInt(words) : 0,
                type.isTranslationFault() ? 0 : hasFetch || hasAccess ? REASON.getInt(words) : 0);
    }
}
