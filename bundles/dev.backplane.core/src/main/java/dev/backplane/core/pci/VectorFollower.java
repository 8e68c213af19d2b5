package dev.backplane.core.pci;

import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.memory.TransactionContext;

/**
 * Who follows what software does with a function's message-signalled interrupts, because they go another way than as
 * writes of the function. Thread-safe; called without the engine's locks, on the thread that made the change.
 */
public interface VectorFollower {

    /**
     * Software may have changed one vector: {@link PciFunction#message} tells.
     *
     * @param context context of the calling thread
     * @param msix whether it is a vector of the MSI-X table
     * @param vector its number
     */
    void changed(TransactionContext context, boolean msix, int vector);

    /** Software may have changed any vector. */
    void changed(TransactionContext context);

    /** Where messages of the function lead may be another place: its address or its IOMMU is another. */
    void rerouted(TransactionContext context);

    /**
     * {@return vectors that software masks and that have a message, which is sent when it unmasks them}
     *
     * @param msix whether MSI-X vectors are meant
     * @param first the first vector, a multiple of 64; bit n stands for vector {@code first + n}
     */
    long pending(boolean msix, int first);

    /** A model begins to serve; null for one that is no assigned device. */
    void serve(AssignedDevice device);

    /** No model serves: what is in place stays. */
    void vacate();

    /** The function is unplugged. */
    void close();
}
