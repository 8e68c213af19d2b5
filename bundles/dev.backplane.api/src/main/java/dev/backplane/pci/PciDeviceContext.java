package dev.backplane.pci;

import dev.backplane.device.DeviceContext;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** A PCI function's door to its board. Thread-safe. */
@ProviderType
public interface PciDeviceContext extends DeviceContext {

    /**
     * {@return the port of the function's DMA: gated by Bus Master Enable (unless the description says otherwise), with
     * the function's requester ID, through the IOMMU that governs its bus}
     */
    DmaPort dma();

    /** {@return the function's interrupt pin; a line that does nothing when the description has no pin} */
    InterruptLine intx();

    /** {@return whether software enabled MSI or MSI-X, so that {@link #sendMsi} is to be used rather than the pin} */
    boolean msiEnabled();

    /**
     * Sends a message-signalled interrupt. A masked vector becomes pending and is sent when it is unmasked (PCIe
     * 6.1.4.5). The message is a DMA write of the function; it becomes an interrupt only where a doorbell is.
     *
     * @param context context of the calling thread
     * @param vector vector number, from 0
     * @return how the write ended; {@link TransactionResult.Done} also when the vector is masked or MSI is not enabled
     * @throws IllegalArgumentException if the function has no such vector
     */
    TransactionResult sendMsi(TransactionContext context, int vector);

    /**
     * {@return what sends a vector through the accelerator (KVM_IRQFD): a signal injects the message while software uses
     * the vector, with the address that the route has; empty when the board has no accelerator with an interrupt
     * controller in the kernel}
     *
     * @param vector vector number, from 0
     * @throws IllegalArgumentException if the function has no such vector
     */
    default Optional<EventFd> irqfd(int vector) {
        return Optional.empty();
    }

    /** {@return the function's address now; software may renumber buses} */
    Bdf address();
}
