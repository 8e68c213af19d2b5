package dev.backplane.device;

import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Makes devices of one type. Register an implementation as an OSGi service with the property {@link #TYPE}; boards find
 * it there. A factory keeps no reference to the models that it made. Thread-safe.
 */
@ConsumerType
public interface DeviceFactory {

    /** Service property: the device type, for example {@code arm-smmuv3}. Equals {@link #type()}. */
    String TYPE = "backplane.device.type";

    /** {@return the device type, as a board definition or {@code -device} names it} */
    String type();

    /** {@return one line that says what the device is} */
    String description();

    /** {@return the properties that a board or a user may set, with their defaults} */
    List<PropertyDescriptor> properties();

    /**
     * Makes a model. It must not start anything: the model is realized later.
     *
     * @param properties checked against {@link #properties()}, defaults filled in; they never change afterwards
     * @return a {@link PlatformDevice} or a {@link dev.backplane.pci.PciDevice}
     * @throws IllegalArgumentException if properties contradict one another; the message names them
     */
    DeviceModel create(DeviceProperties properties);
}
