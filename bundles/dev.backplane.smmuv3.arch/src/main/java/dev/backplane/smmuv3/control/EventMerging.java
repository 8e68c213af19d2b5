package dev.backplane.smmuv3.control;

import dev.backplane.smmuv3.spec.EventRecord;
import dev.backplane.smmuv3.spec.EventType;
import java.util.EnumSet;
import java.util.Set;

/** Which records say the same (IHI 0070 section 7.3.1, and the remark on merging at each record). */
final class EventMerging {
    /** Records whose InputAddr[11:0] is ignored. */
    private static final Set<EventType> BY_PAGE = EnumSet.of(
            EventType.F_TRANSL_FORBIDDEN,
            EventType.F_WALK_EABT,
            EventType.F_TRANSLATION,
            EventType.F_ADDR_SIZE,
            EventType.F_ACCESS,
            EventType.F_PERMISSION,
            EventType.F_TLB_CONFLICT);

    private static final long IN_PAGE = 0xFFF;

    private EventMerging() {}

    /** {@return whether one record can stand for both; a stalled transaction needs its own} */
    static boolean isSame(long[] first, long[] second) {
        EventType type = EventType.ofId(EventRecord.EVENT_ID.getInt(first));
        if (type == null || type.isTranslationFault() && EventRecord.STALL.isSet(first)) {
            return false;
        }
        long inputAddress = BY_PAGE.contains(type) ? ~IN_PAGE : -1L;
        return first[0] == second[0]
                && first[1] == second[1]
                && ((first[2] ^ second[2]) & inputAddress) == 0
                && first[3] == second[3];
    }
}
