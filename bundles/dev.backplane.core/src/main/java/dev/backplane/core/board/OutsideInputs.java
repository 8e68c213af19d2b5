package dev.backplane.core.board;

import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.InterruptController;
import java.util.function.Function;

/**
 * Drives inputs of a board's interrupt controllers from outside the board.
 *
 * @param board name of the board
 * @param slots its slots
 * @param hubs the inputs of the controller in a slot
 */
record OutsideInputs(String board, SlotTable slots, Function<String, InterruptHub> hubs) {
    private static final int FIRST_PPI = 16;
    private static final int FIRST_SPI = 32;
    private static final int LAST_SPI = 1019;

    void drive(String controller, int intid, boolean asserted) {
        require(controller, intid, FIRST_SPI, LAST_SPI);
        hubs.apply(controller).drive(intid, asserted);
    }

    void drive(String controller, int processor, int intid, boolean asserted) {
        DeviceSlot slot = require(controller, intid, FIRST_PPI, FIRST_SPI - 1);
        int processors = slot.with(CpuInterface.class, CpuInterface::processors).orElse(Integer.MAX_VALUE);
        if (processor < 0 || processor >= processors) {
            throw new IllegalArgumentException("board %s: slot %s: processor %d: expected 0 to %d"
                    .formatted(board, controller, processor, processors - 1));
        }
        hubs.apply(controller).drive(processor, intid, asserted);
    }

    private DeviceSlot require(String controller, int intid, int first, int last) {
        DeviceSlot slot = slots.find(controller)
                .orElseThrow(() -> new IllegalArgumentException(
                        "board %s has no slot '%s'".formatted(board, controller)));
        if (slot.lacks(InterruptController.class)) {
            throw new IllegalArgumentException("board %s: slot %s holds no interrupt controller but %s"
                    .formatted(board, controller, slot.definition().deviceType()));
        }
        if (intid < first || intid > last) {
            throw new IllegalArgumentException("board %s: slot %s: INTID %d: expected %d to %d"
                    .formatted(board, controller, intid, first, last));
        }
        return slot;
    }
}
