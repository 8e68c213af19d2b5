package dev.backplane.device;

import org.osgi.annotation.versioning.ProviderType;

/** Takes notes about one device, rate-limited and deduplicated, so that a guest cannot flood a log. Thread-safe. */
@ProviderType
public interface DeviceLog {

    /**
     * Notes a mistake of the guest: the device did what its manual says for it.
     *
     * @param message names the register or structure, the value, and what is wrong with it
     */
    void guestError(String message);

    /**
     * Notes that the guest uses something that this model does not advertise or have.
     *
     * @param message names the feature
     */
    void unimplemented(String message);

    /**
     * Notes that the host refused or lost something that the device needed of it.
     *
     * @param message names the operation, what it was for, and what became of it
     */
    default void hostError(String message) {
        guestError(message);
    }
}
