package dev.backplane.memory;

import org.osgi.annotation.versioning.ConsumerType;

/** Where a function's addresses live: on the system bus, or behind a translation. */
public sealed interface DmaAddressSpace {

    /** Addresses are system (guest-physical) addresses; transactions pass unchanged. */
    enum SystemBus implements DmaAddressSpace {
        /** The only value. */
        DIRECT
    }

    /** Addresses are IOVAs that an IOMMU translates. */
    @ConsumerType
    non-sealed interface Translating extends DmaAddressSpace {
        /**
         * Translates the page that holds one address. Called inside an epoch, concurrently, on the hot path: a hit must
         * not allocate, lock or block.
         *
         * @param context context of the calling thread
         * @param attributes requester, SubstreamID and attributes of the transaction
         * @param iova input address, any alignment
         * @param access what the transaction wants to do
         * @return the translation of the whole range around {@code iova} that one entry covers, or how the transaction
         *     ends
         */
        Translation translate(
                TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access);
    }
}
