package dev.backplane.smmuv3.accel;

import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.spec.EventRecord;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.Optional;

/**
 * Makes of a record of the hardware what the guest's SMMU records. They differ for C_BAD_STE: the hardware knows that
 * the STE it was given is ILLEGAL, but not whether the guest's is that, is not in its stream table, or cannot be
 * fetched. Immutable.
 */
final class FaultRecords {
    private static final long SUBSTREAM = EventRecord.SSV.bits().mask() | EventRecord.SUBSTREAM_ID.bits().mask();

    private final Assignments assignments;

    FaultRecords(Assignments assignments) {
        this.assignments = assignments;
    }

    /**
     * {@return the guest's record, or empty when there is to be none}
     *
     * @param words four 64-bit words, with the guest's StreamID
     */
    Optional<long[]> ofGuest(TransactionContext context, long[] words) {
        if (EventRecord.EVENT_ID.getInt(words) != EventType.C_BAD_STE.id()) {
            return Optional.of(words);
        }
        // An STE that has become legal meanwhile leaves the transaction what it was.
        return assignments.illegal(context, (int) EventRecord.STREAM_ID.get(words))
                .map(illegal -> illegal.event().map(event -> record(event, words)))
                .orElse(Optional.of(words));
    }

    private static long[] record(SmmuEvent event, long[] words) {
        long[] record = event.encode();
        record[0] |= words[0] & SUBSTREAM;
        return record;
    }
}
