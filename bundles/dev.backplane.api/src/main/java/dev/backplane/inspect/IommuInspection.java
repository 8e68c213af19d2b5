package dev.backplane.inspect;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of an SMMUv3: shows its configuration and explains translations from the tables in memory as they are now.
 * Nothing here records an event, fills a cache or changes a register.
 */
@ConsumerType
public interface IommuInspection {

    /** {@return the StreamIDs whose stream table entry is valid (STE.V = 1), ascending} */
    List<Integer> streams();

    /** {@return how the stream table entry of a StreamID is found, and its fields} */
    InspectNode streamTableEntry(int streamId);

    /**
     * {@return how the context descriptor is found, and its fields}
     *
     * @param streamId StreamID
     * @param substreamId SubstreamID, 0 when the stream has none
     */
    InspectNode contextDescriptor(int streamId, int substreamId);

    /**
     * Explains a translation: stream table levels, STE, CD, each table level with address, descriptor and attributes,
     * and the result or the exact reason of the fault.
     *
     * @param attributes requester ID is the StreamID
     * @param iova input address
     * @param access kind of access
     */
    Explanation explain(TransactionAttributes attributes, long iova, AccessKind access);

    /**
     * Hands every leaf mapping of a stream to a visitor, in ascending order of input addresses, read from the tables.
     * Tables of a guest can point at themselves and map more than anybody can list.
     *
     * @param streamId StreamID
     * @param visitor receives each mapping
     * @return whether those were all; false if the listing ended at a bound of the model
     */
    boolean mappings(int streamId, Consumer<LeafMapping> visitor);

    /**
     * {@return the records in the event queue between CONS and PROD, decoded, oldest first}; of very many only the
     * oldest, and at the end a text that says how many are left out
     */
    List<InspectNode> events();

    /** {@return the commands in the command queue, decoded, from CONS back to the oldest that is still in the ring} */
    List<InspectNode> commands();

    /** {@return the valid entries of the TLB} */
    InspectNode tlb();

    /** {@return the valid entries of the configuration cache} */
    InspectNode configurationCache();

    /** {@return counters: hits, misses, commands and events by type} */
    InspectNode statistics();

    /**
     * An explained translation.
     *
     * @param tree the whole way, as a person would draw it
     * @param outcome how it ends
     */
    record Explanation(InspectNode tree, Outcome outcome) {}

    /** How an explained translation ends. */
    sealed interface Outcome {
        /**
         * The address maps.
         *
         * @param output output address
         * @param size size in bytes of the range that maps alike
         * @param readable reads are allowed
         * @param writable writes are allowed
         */
        record Mapped(long output, long size, boolean readable, boolean writable) implements Outcome {}

        /**
         * The transaction is terminated or stalled.
         *
         * @param reason the event's name, or why there is none
         * @param record the event record as four 64-bit words, or empty when none is recorded
         */
        record Faulted(String reason, Optional<long[]> record) implements Outcome {}
    }

    /**
     * A leaf descriptor of a stream's tables.
     *
     * @param iova first input address
     * @param output first output address
     * @param size size in bytes
     * @param readable reads are allowed
     * @param writable writes are allowed
     * @param level level of the descriptor, 0 to 3
     * @param asid ASID of the context descriptor, 0 when there is none
     * @param vmid VMID of the stream table entry, 0 when it uses no stage 2
     * @param descriptorAddress address of the descriptor
     * @param descriptor the descriptor
     */
    record LeafMapping(
            long iova,
            long output,
            long size,
            boolean readable,
            boolean writable,
            int level,
            int asid,
            int vmid,
            long descriptorAddress,
            long descriptor) {}
}
