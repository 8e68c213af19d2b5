package dev.backplane.inspect;

import org.osgi.annotation.versioning.ConsumerType;

/** Capability of a model: shows its registers and state as a tree. */
@ConsumerType
public interface Inspectable {

    /** {@return registers with their fields, then internal state; taken without side effects} */
    InspectNode inspect();
}
