package dev.backplane.smmuv3.spec;

import static dev.backplane.smmuv3.spec.WordField.bit;
import static dev.backplane.smmuv3.spec.WordField.bits;

/** Layout of an event record: 32 bytes, four 64-bit words (IHI 0070 section 7.3). */
public final class EventRecord {
    /** Size in bytes. */
    public static final int BYTES = 32;

    /** Event type. */
    public static final WordField EVENT_ID = bits(0, "EventID", 7, 0);
    /** SubstreamID valid. */
    public static final WordField SSV = bit(0, "SSV", 11);
    /** SubstreamID. */
    public static final WordField SUBSTREAM_ID = bits(0, "SubstreamID", 31, 12);
    /** StreamID. */
    public static final WordField STREAM_ID = bits(0, "StreamID", 63, 32);
    /** Stall tag of a stalled transaction. */
    public static final WordField STAG = bits(1, "STAG", 15, 0);
    /** Implementation-defined reason of fetch faults. */
    public static final WordField REASON = bits(1, "Reason", 15, 0);
    /** The transaction is stalled. */
    public static final WordField STALL = bit(1, "Stall", 31);
    /** Privileged. */
    public static final WordField PNU = bit(1, "PnU", 33);
    /** Instruction. */
    public static final WordField IND = bit(1, "InD", 34);
    /** Read. */
    public static final WordField RNW = bit(1, "RnW", 35);
    /** IPA space of a Secure stream. */
    public static final WordField NSIPA = bit(1, "NSIPA", 38);
    /** The fault is one of stage 2. */
    public static final WordField S2 = bit(1, "S2", 39);
    /** What was being translated: 0 = CD, 1 = translation table descriptor, 2 = input address. */
    public static final WordField CLASS = bits(1, "CLASS", 41, 40);
    /** F_PERMISSION with CLASS 1: the access to the stage 1 table that stage 2 refused was a read. */
    public static final WordField TTRNW = bit(1, "TTRnW", 44);
    /** Input address (IOVA). */
    public static final WordField INPUT_ADDR = bits(2, "InputAddr", 63, 0);
    /** IPA of a stage 2 fault. */
    public static final WordField IPA = bits(3, "IPA", 51, 12);
    /** Address of a fetch that aborted. */
    public static final WordField FETCH_ADDR = bits(3, "FetchAddr", 55, 3);

    private EventRecord() {}
}
