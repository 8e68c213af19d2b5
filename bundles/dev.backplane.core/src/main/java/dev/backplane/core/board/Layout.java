package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineType;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.ModelThread;
import dev.backplane.device.DeviceProperties;
import java.time.Duration;

/**
 * What a machine type makes of a board's definition.
 *
 * @param board the board
 * @param type the machine type
 * @param bundle thread for its code
 * @param machine the layout
 * @param options checked options
 */
record Layout(
        Board board, MachineType type, ModelThread bundle, MachineDefinition machine, DeviceProperties options) {

    /** Machine option: how long transactions are held at a parked slot, in milliseconds. */
    private static final String SLOT_TIMEOUT = "slot-timeout";

    /**
     * Lays the machine of a board out.
     *
     * @throws ModelFailure if the machine type refuses the options
     */
    static Layout of(Board board, MachineType type, ModelThread bundle) throws ModelFailure {
        String name = board.definition().machine();
        DeviceProperties options = bundle.call(
                "options",
                steps -> DeviceProperties.of("machine " + name, type.options(), board.definition().options()));
        MachineDefinition machine = bundle.call("machine " + name, steps -> {
            MachineDefinition defined = type.define(options);
            if (defined == null) {
                throw refused("machine type %s answered null: expected a definition".formatted(name));
            }
            return defined;
        });
        return new Layout(board, type, bundle, machine, options);
    }

    /** {@return how long transactions are held at parked slots} */
    Duration slotTimeout(Duration otherwise) {
        return options.asMap().get(SLOT_TIMEOUT) instanceof Long millis ? Duration.ofMillis(millis) : otherwise;
    }

    /** {@return where a device of the definition goes} */
    SlotDefinition place(DeviceRequest request) throws ModelFailure {
        return place(board, type, request, bundle);
    }

    /**
     * {@return where a device goes}
     *
     * @throws ModelFailure if the machine type cannot place it
     */
    static SlotDefinition place(Board board, MachineType type, DeviceRequest request, ModelThread bundle)
            throws ModelFailure {
        return bundle.call("device " + request.deviceType(), steps -> {
            SlotDefinition slot = type.prePlug(board, request);
            if (slot == null) {
                throw refused("the machine type answered null: expected a place for it");
            }
            return slot;
        });
    }

    /** {@return a refusal with that message} */
    static ModelFailure refused(String message) {
        return ModelFailure.of(message);
    }
}
