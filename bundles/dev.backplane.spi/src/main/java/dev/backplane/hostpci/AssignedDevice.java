package dev.backplane.hostpci;

import dev.backplane.irq.EventFd;
import dev.backplane.pci.PciDevice;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A PCI function that stands for a host device. The engine keeps configuration space as for every function: it owns
 * what it emulates, the standard header (0x00 to 0x3F, Command and BARs among it) and the capabilities that it makes
 * itself (Power Management, PCI Express, MSI and MSI-X). The rest passes to the device, the bodies of described
 * capabilities that have an {@linkplain dev.backplane.pci.PciCapability#offset offset} too; those without one are
 * emulated as described. The context of such a model is an {@link AssignedDeviceContext}.
 */
@ConsumerType
public interface AssignedDevice extends PciDevice {

    /** {@return whether the device is used through an iommufd that the board knows, rather than a container of its own} */
    boolean hasIommufd();

    /**
     * Reads what the engine does not emulate of configuration space.
     *
     * @param offset 0 to 4095, aligned to {@code size}
     * @param size 1, 2 or 4 bytes
     * @return the data
     */
    int readConfig(int offset, int size);

    /** Passes a write to configuration space on, emulated bits cleared; parameters as for {@link #readConfig}. */
    void writeConfig(int offset, int size, int value);

    /**
     * Software changed what the Command register says of transactions and the pin. Called when the model begins to
     * serve, too.
     *
     * @param busMaster whether the device may start transactions: Bus Master Enable of the function and of the bridges
     *     above it
     * @param pinDisabled Interrupt Disable
     */
    default void commandChanged(boolean busMaster, boolean pinDisabled) {}

    /**
     * Software enabled or disabled MSI or MSI-X. While one is enabled the device must not use its pin, even if no
     * vector is used (PCIe 6.1.4), and keeps the messages of vectors that are not used until they are. Called before
     * vectors of the kind are used and after they are released. What was told to a predecessor is told to a model that
     * begins to serve, too: the device is in that state.
     *
     * @param msix whether it is MSI-X
     * @param vectors how many vectors software may use: all of the MSI-X table, or those that it allocated of MSI
     *     (Multiple Message Enable); 0 when it disabled them
     */
    default void vectorsEnabled(boolean msix, int vectors) {}

    /**
     * Software uses an MSI or MSI-X vector: it is enabled and not masked, and its route is in place.
     *
     * @param vector vector number, from 0
     * @param msix whether it is an MSI-X vector
     * @param trigger fires the vector; the device's interrupt is to be connected to it
     */
    void vectorUsed(int vector, boolean msix, EventFd trigger);

    /** Software masked or disabled a vector that it used, or its route was refused: it must not fire any more. */
    void vectorReleased(int vector, boolean msix);

    /**
     * Reads the pending bits of the device: vectors whose messages it keeps because they are not used. Software sees
     * them beside those that the engine keeps.
     *
     * @param msix whether MSI-X vectors are meant
     * @param first the first vector, a multiple of 64; 0 for MSI
     * @return in bit n whether vector {@code first + n} is pending
     */
    default long pendingVectors(boolean msix, int first) {
        return 0;
    }
}
