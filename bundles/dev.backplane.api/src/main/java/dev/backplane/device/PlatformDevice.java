package dev.backplane.device;

import org.osgi.annotation.versioning.ConsumerType;

/** A device that the board maps at fixed addresses and wires with lines of its own. */
@ConsumerType
public interface PlatformDevice extends DeviceModel {

    /** {@return the regions and lines of this device; the same answer for the life of the model} */
    PlatformDescription describe();

    /**
     * Checks the model's own needs and takes its resources.
     *
     * @param context the model's door to the board, valid until {@link #unrealize}
     * @throws RealizeException if a need is not met; the message says which and what to do
     */
    void realize(DeviceContext context) throws RealizeException;
}
