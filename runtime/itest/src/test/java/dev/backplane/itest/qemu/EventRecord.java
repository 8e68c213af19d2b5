package dev.backplane.itest.qemu;

/**
 * A record of the event queue, as its four words (IHI 0070 section 7.3).
 *
 * @param kind word with type and StreamID
 * @param flags word with STAG and the transaction's and the fault's properties
 * @param input InputAddr
 * @param other IPA or FetchAddr
 */
record EventRecord(long kind, long flags, long input, long other) {
    static final int C_BAD_STREAMID = 0x02;
    static final int F_STE_FETCH = 0x03;
    static final int C_BAD_STE = 0x04;
    static final int F_CD_FETCH = 0x09;
    static final int C_BAD_CD = 0x0A;
    static final int F_WALK_EABT = 0x0B;
    static final int F_TRANSLATION = 0x10;
    static final int F_ADDR_SIZE = 0x11;
    static final int F_ACCESS = 0x12;
    static final int F_PERMISSION = 0x13;

    static final int CLASS_CD = 0;
    static final int CLASS_TT = 1;
    static final int CLASS_IN = 2;

    int type() {
        return (int) (kind & 0xFF);
    }

    boolean stage2() {
        return (flags >>> 39 & 1) == 1;
    }

    boolean read() {
        return (flags >>> 35 & 1) == 1;
    }

    int faultClass() {
        return (int) (flags >>> 40 & 3);
    }

    /** {@return whether it tells of a translation, with class and stage} */
    boolean ofTranslation() {
        return type() == F_WALK_EABT || type() >= F_TRANSLATION && type() <= F_PERMISSION;
    }

    EventRecord withFlags(long mask, long from) {
        return new EventRecord(kind, flags & ~mask | from & mask, input, other);
    }

    EventRecord withOther(long value) {
        return new EventRecord(kind, flags, input, value);
    }

    @Override
    public String toString() {
        return "{type %02x %s S2 %d CLASS %d RnW %d: %016x %016x %016x %016x}".formatted(
                type(), "sid 0x%x".formatted(kind >>> 32), flags >>> 39 & 1, flags >>> 40 & 3, flags >>> 35 & 1,
                kind, flags, input, other);
    }
}
