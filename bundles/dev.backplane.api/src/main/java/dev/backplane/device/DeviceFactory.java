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

    /**
     * Service property, optional: for which slots of its type the factory is there, as an OSGi filter over the property
     * values that the slot was given, for example {@code (accel=on)} for an implementation that only fills slots whose
     * {@code accel} is on, and {@code (!(accel=on))} for one that fills all others. Without it the factory fills any
     * slot of its type. Boolean values are {@code on} and {@code off} there, however the user wrote them; a property
     * that the slot was not given is absent; numbers compare as the user wrote them. A property that is named here and
     * not declared by {@link #properties()} is understood: it chose the factory, and the model does not get it.
     */
    String WHEN = "backplane.device.when";

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
