package dev.backplane.memory;

import java.lang.foreign.MemorySegment;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One initiator's entrance to memory. The port of a PCI function goes through the bus-master gate and the IOMMU that
 * governs the function; the port of a platform device, an SMMU or a shell reaches the system bus directly. Each port
 * is a view of its own: what its initiator reads and writes can be recorded apart from all others.
 *
 * <p>Thread-safe; each thread passes its own {@link TransactionContext}. Completed transfers allocate nothing,
 * but for a scalar over the end of a mapping. Data is little-endian.
 */
@ProviderType
public interface DmaPort {

    /** {@return the name of the initiator, as recorders and error messages show it} */
    String initiator();

    /** {@return the attributes that every transaction of this port carries} */
    TransactionAttributes attributes();

    /**
     * {@return a port of the same initiator whose transactions carry other attributes; keep it, do not make one per
     * transaction}
     *
     * @param attributes requester ID must be this port's
     * @throws IllegalArgumentException if the requester ID differs
     */
    DmaPort with(TransactionAttributes attributes);

    /**
     * Reads a block.
     *
     * @param context context of the calling thread
     * @param address where to read, any alignment
     * @param target buffer that receives the data, heap or native
     * @param offset first byte of the buffer to fill
     * @param length number of bytes, 0 or more
     * @return done; a fault (the buffer's content is then undefined); or pending (the buffer is the engine's until the
     *     ticket ends)
     * @throws IndexOutOfBoundsException if the range lies outside the buffer
     */
    TransactionResult read(TransactionContext context, long address, MemorySegment target, long offset, int length);

    /**
     * Writes a block; parameters and result as for {@link #read}.
     *
     * @throws IndexOutOfBoundsException if the range lies outside the buffer
     */
    TransactionResult write(TransactionContext context, long address, MemorySegment source, long offset, int length);

    /**
     * Reads one scalar as one transaction; its data is then in {@link TransactionContext#data()}.
     *
     * @param size 1, 2, 4 or 8 bytes
     */
    TransactionResult read(TransactionContext context, long address, int size);

    /**
     * Writes one scalar as one transaction.
     *
     * @param size 1, 2, 4 or 8 bytes
     * @param value the low {@code size} bytes count
     */
    TransactionResult write(TransactionContext context, long address, int size, long value);

    /**
     * Loads a table entry: an aligned 64-bit read, single-copy atomic, with acquire order.
     *
     * @param address multiple of 8
     * @return done with the entry in {@link TransactionContext#data()}, or a fault; memory that is no RAM answers
     *     {@link TransactionResult.Fault#SLAVE_ERROR}
     * @throws IllegalArgumentException if the address is not aligned
     */
    TransactionResult load64(TransactionContext context, long address);

    /**
     * Updates a table entry by compare-and-exchange; afterwards {@link TransactionContext#data()} holds the value found
     * there (equal to {@code expected} when the update happened).
     *
     * @param address multiple of 8, in RAM
     * @throws IllegalArgumentException if the address is not aligned
     */
    TransactionResult compareAndExchange64(TransactionContext context, long address, long expected, long update);
}
