package dev.backplane.hostiommu;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** Events of a vIOMMU (a vEVENTQ and its file descriptor). */
@ProviderType
public interface VeventQueue extends HostObject {

    /**
     * Says who is told that there is something to read; told at once if there is. One listener at a time; null for
     * none. It is called on a thread of the host and must not block.
     */
    void onReadable(Runnable listener);

    /** {@return the oldest event that was not read, or empty when there is none (EAGAIN)} */
    Optional<Vevent> read();

    /** What a read yields. */
    sealed interface Vevent {
        /** {@return its number: one more than that of the one before, lost ones counted; wraps after 2^31 - 1} */
        int sequence();

        /**
         * An event.
         *
         * @param sequence its number
         * @param record event record (IHI 0070 section 7.3) as four 64-bit words; StreamIDs are the guest's
         */
        record Event(int sequence, long[] record) implements Vevent {}

        /**
         * The newest events were lost, as the queue was full (IOMMU_VEVENTQ_FLAG_LOST_EVENTS). Read last of all; events
         * that were lost before one that was not are missing in the numbers alone.
         *
         * @param sequence number of the last one that was lost
         */
        record Lost(int sequence) implements Vevent {}
    }
}
