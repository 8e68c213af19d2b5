package dev.backplane.accelerator;

import dev.backplane.pci.Bdf;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** The MSI routes of a board, as the engine keeps them in the accelerator's GSI table. Thread-safe. */
@ProviderType
public interface MsiRoutes {

    /** {@return the routes in place, by GSI} */
    List<Route> routes();

    /** {@return routes that were refused since the board was made, the last ones first, bounded} */
    List<Refusal> refusals();

    /** How a route got its address, in the order in which the ways are tried. */
    enum Fixup {
        /** The IOMMU named the doorbell ({@link dev.backplane.pci.MsiDoorbell.Direct}). */
        DIRECT,
        /** The function's address space is the system's: the address is the guest's as it is. */
        UNTRANSLATED,
        /** The function's address space translated it ({@link dev.backplane.pci.MsiDoorbell.Translate}). */
        TRANSLATED
    }

    /**
     * A route.
     *
     * @param gsi its GSI
     * @param function the function now
     * @param slot slot of the function
     * @param vector vector number
     * @param iova address that the guest programmed
     * @param doorbell guest-physical address in the route
     * @param data data that the guest programmed
     * @param deviceId DeviceID
     * @param fixup how the doorbell was found
     */
    record Route(
            int gsi, Bdf function, String slot, int vector, long iova, long doorbell, int data, int deviceId,
            Fixup fixup) {}

    /**
     * A route that was refused; the one before, if any, stayed.
     *
     * @param slot slot of the function
     * @param vector vector number
     * @param iova address that the guest programmed
     * @param reason why
     */
    record Refusal(String slot, int vector, long iova, String reason) {}
}
