package dev.backplane.pci;

import dev.backplane.device.DeviceModel;
import dev.backplane.device.RealizeException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A PCI function. The model describes the function and implements its registers; the engine implements configuration
 * space, BARs, MSI and MSI-X.
 */
@ConsumerType
public interface PciDevice extends DeviceModel {

    /** {@return the function; the same answer for the life of the model} */
    PciFunctionDescription describe();

    /**
     * Checks the model's own needs and takes its resources.
     *
     * @param context the model's door to the board, valid until {@link #unrealize}
     * @throws RealizeException if a need is not met; the message says which and what to do
     */
    void realize(PciDeviceContext context) throws RealizeException;
}
