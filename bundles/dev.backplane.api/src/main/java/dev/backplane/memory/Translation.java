package dev.backplane.memory;

import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/** What an IOMMU answers for one address. */
public sealed interface Translation {

    /**
     * The address maps. Instances live in translation caches and are shared, so a hit allocates nothing.
     *
     * @param input first input address of the range that this entry covers, aligned to the range
     * @param output output address of {@code input}
     * @param mask size of the range minus 1; the size is a power of two; -1 covers everything
     * @param readable reads are allowed
     * @param writable writes are allowed
     * @param attributes resulting memory attributes
     */
    record Mapped(
            long input, long output, long mask, boolean readable, boolean writable, MemoryAttributes attributes)
            implements Translation {

        /** The translation of a bypass: every address passes unchanged. */
        public static final Mapped IDENTITY = new Mapped(0, 0, -1L, true, true, MemoryAttributes.INCOMING);

        /** {@return the output address of an input address inside the range} */
        public long apply(long iova) {
            return output | (iova & mask);
        }

        /** {@return whether an access of this kind is allowed} */
        public boolean allows(AccessKind access) {
            return access == AccessKind.READ ? readable : writable;
        }
    }

    /** The transaction is terminated: what was to be recorded has been recorded. */
    enum Terminated implements Translation {
        /** It ends as an abort. */
        ABORT,
        /** Reads complete as zero, writes are ignored (RAZ/WI, IHI 0070 section 5.5, CD.A = 0). */
        RAZ_WI
    }

    /**
     * The transaction is stalled (IHI 0070 section 3.12.2): the IOMMU will call the given resumption when software
     * decides.
     *
     * @param stall where the engine leaves what to call
     */
    record Stalled(Stall stall) implements Translation {}

    /** A stalled transaction, as the IOMMU holds it. */
    @ConsumerType
    interface Stall {
        /**
         * Tells the IOMMU whom to call when the stall ends; called once by the engine.
         *
         * @param resumption receives {@link Decision#RETRY} to translate again, or how the transaction terminates
         */
        void onResume(Consumer<Decision> resumption);
    }

    /** How a stall ends (CMD_RESUME, CMD_STALL_TERM). */
    enum Decision {
        /** Translate again. */
        RETRY,
        /** Terminate with an abort. */
        ABORT,
        /** Terminate as RAZ/WI. */
        RAZ_WI
    }
}
