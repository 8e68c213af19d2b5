package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.irq.InterruptInspection.PendingInterrupt;
import java.util.List;

/** Pending interrupts by controller, as {@code info irq} prints them. */
final class InfoIrq {
    private InfoIrq() {}

    static String text(Board board) {
        var text = new StringBuilder();
        for (Slot slot : board.slots()) {
            slot.with(InterruptInspection.class, inspection -> List.copyOf(inspection.pending()))
                    .ifPresent(pending -> {
                        text.append("IRQ state of %s (%s): %d pending\n".formatted(
                                slot.name(), slot.definition().deviceType(), pending.size()));
                        for (PendingInterrupt interrupt : pending) {
                            text.append("  INTID %d%s, priority 0x%02x, group %d%s%s\n".formatted(
                                    interrupt.intid(),
                                    interrupt.processor() < 0 ? "" : " at processor " + interrupt.processor(),
                                    interrupt.priority(),
                                    interrupt.group(),
                                    interrupt.enabled() ? ", enabled" : "",
                                    interrupt.active() ? ", active" : ""));
                        }
                    });
        }
        return text.toString();
    }
}
