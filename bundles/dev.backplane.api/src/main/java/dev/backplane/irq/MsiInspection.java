package dev.backplane.irq;

import dev.backplane.inspect.InspectNode;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ConsumerType;

/** Capability of an MSI controller: how it would route a message. Reads have no side effects. */
@ConsumerType
public interface MsiInspection {

    /**
     * How a message is routed.
     *
     * @param intid INTID it makes pending, or empty when it is dropped
     * @param processor processor number, or empty when it is dropped or not bound to one
     * @param explanation the tables on the way, or the reason for dropping it
     */
    record Route(OptionalInt intid, OptionalInt processor, InspectNode explanation) {}

    /**
     * {@return how a message would be routed}
     *
     * @param deviceId DeviceID (requester ID), 0 or more
     * @param eventId EventID, the data of the MSI write
     */
    Route route(int deviceId, int eventId);

    /** {@return the mapped devices and their events} */
    InspectNode devices();

    /** {@return the command queue, decoded; empty group when there is none} */
    InspectNode commands();

    /** {@return errors by architectural code, with counts} */
    InspectNode errors();
}
