package dev.backplane.memory;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Answers accesses to a region of a device. Accesses arrive under the lock of the device, one at a time, unless the
 * region is declared {@linkplain MmioRegion#concurrent() concurrent}.
 *
 * <p>A handler never throws for what a guest did: it answers a {@link TransactionResult.Fault} or does what the
 * device's manual says. Something thrown is a defect of the model; the engine contains it and fails the device.
 */
@ConsumerType
public interface MmioHandler {

    /**
     * Reads.
     *
     * @param context context of the calling thread; the handler puts the value on {@link
     *     TransactionContext#data(long)}
     * @param attributes attributes of the transaction
     * @param offset offset in the region in bytes, aligned to {@code size}
     * @param size 1, 2, 4 or 8, within the sizes that the region declares
     */
    TransactionResult read(TransactionContext context, TransactionAttributes attributes, long offset, int size);

    /**
     * Writes; parameters as for {@link #read}.
     *
     * @param value the data, zero-extended to 64 bits
     */
    TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value);
}
