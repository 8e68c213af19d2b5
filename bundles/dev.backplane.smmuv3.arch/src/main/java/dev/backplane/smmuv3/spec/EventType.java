package dev.backplane.smmuv3.spec;

/** Event records, with their EventID (IHI 0070 section 7.3). */
public enum EventType {
    /** Unsupported upstream transaction. */
    F_UUT(0x01),
    /** StreamID out of range. */
    C_BAD_STREAMID(0x02),
    /** External abort on the fetch of an STE or L1STD. */
    F_STE_FETCH(0x03),
    /** Invalid or reserved STE. */
    C_BAD_STE(0x04),
    /** Address translation request where it is not enabled. */
    F_BAD_ATS_TREQ(0x05),
    /** The STE terminates transactions without a SubstreamID. */
    F_STREAM_DISABLED(0x06),
    /** Translated transaction where ATS is not enabled. */
    F_TRANSL_FORBIDDEN(0x07),
    /** SubstreamID out of range or not allowed. */
    C_BAD_SUBSTREAMID(0x08),
    /** External abort on the fetch of a CD or L1CD. */
    F_CD_FETCH(0x09),
    /** Invalid or reserved CD. */
    C_BAD_CD(0x0A),
    /** External abort on a translation table walk. */
    F_WALK_EABT(0x0B),
    /** Translation fault. */
    F_TRANSLATION(0x10),
    /** Address size fault. */
    F_ADDR_SIZE(0x11),
    /** Access flag fault. */
    F_ACCESS(0x12),
    /** Permission fault. */
    F_PERMISSION(0x13),
    /** TLB conflict; never raised here. */
    F_TLB_CONFLICT(0x20),
    /** Configuration cache conflict; never raised here. */
    F_CFG_CONFLICT(0x21),
    /** Speculative page request hint. */
    E_PAGE_REQUEST(0x24),
    /** External abort on the fetch of a VMS. */
    F_VMS_FETCH(0x25);

    private static final EventType[] BY_ID = new EventType[256];

    static {
        for (EventType type : values()) {
            BY_ID[type.id] = type;
        }
    }

    private final int id;

    EventType(int id) {
        this.id = id;
    }

    /** {@return the EventID, 0x01 to 0x25} */
    public int id() {
        return id;
    }

    /** {@return the type with an EventID, or null when the value is reserved or implementation defined} */
    public static EventType ofId(int id) {
        return BY_ID[id & 0xFF];
    }

    /** {@return whether this is one of the four faults of a walk that can stall (F_TRANSLATION to F_PERMISSION)} */
    public boolean isTranslationFault() {
        return id >= 0x10 && id <= 0x13;
    }
}
