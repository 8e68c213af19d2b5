package dev.backplane.board;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import java.util.List;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A type of machine, for example {@code virt}: turns options into a definition, and says where devices go that are
 * plugged later. Register it as an OSGi service with the property {@link #NAME}. Definitions are data, so a board keeps
 * running when the bundle of its machine type changes. Thread-safe.
 */
@ConsumerType
public interface MachineType {

    /** Service property: the machine type's name. Equals {@link #name()}. */
    String NAME = "backplane.machine";

    /** {@return the name, as {@code -machine} takes it} */
    String name();

    /** {@return one line that says what the machine is} */
    String description();

    /** {@return the options of the machine} */
    List<PropertyDescriptor> options();

    /**
     * Lays out a machine.
     *
     * @param options checked against {@link #options()}
     * @return memory, root buses and slots, in the order in which the slots are realized
     * @throws IllegalArgumentException if options contradict one another; the message names them
     */
    MachineDefinition define(DeviceProperties options);

    /**
     * Pre-plug: places a device before it is realized. Sets wiring properties, addresses and interrupt lines.
     *
     * @param board the board, as it is composed now
     * @param request what the user asked for
     * @return the complete definition of the slot
     * @throws PlugException if the device cannot be placed; the message says why and what to do
     */
    SlotDefinition prePlug(Board board, DeviceRequest request) throws PlugException;
}
