package dev.backplane.firmware;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/** Capability of a model that contributes to the firmware's tables. Thread-safe. */
@ConsumerType
public interface FirmwareContributor {

    /** {@return what it contributes, as it is now; final once the machine is done} */
    List<FirmwareContribution> firmware();
}
