package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.pci.Bdf;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.load.GuestBus;
import java.util.List;

/** Sends every programmed MSI as its function would, and looks for the LPI; pending states are put back. */
final class MsiCheck {
    private static final String INITIATOR = "vm";
    private static final int MSI_SIZE = 4;

    private final Board board;
    private final GuestBus bus;

    MsiCheck(Board board, GuestBus bus) {
        this.board = board;
        this.bus = bus;
    }

    Tally check(Capture capture) {
        var tally = new Tally("msi");
        for (Capture.MsiRow row : capture.msis()) {
            if (!row.enabled() || row.intid() < 0) {
                continue;
            }
            String problem = check(row);
            if (problem == null) {
                tally.agree();
            } else {
                tally.differ("line %d: %s vector %d to 0x%x data 0x%x, INTID %d at processor %d: %s"
                        .formatted(row.line(),
                        Bdf.ofRequesterId(row.requesterId()), row.vector(), row.address(), row.data(), row.intid(),
                        row.processor(), problem));
            }
        }
        return tally;
    }

    private String check(Capture.MsiRow row) {
        // Some were pending at the freeze: what counts is that the message makes it so, and it stays as it was.
        boolean before = isPending(row);
        if (before) {
            clear(row);
        }
        DmaPort port = board.pci().requesterPort(INITIATOR, Bdf.ofRequesterId(row.requesterId()));
        try {
            bus.finish(port.write(bus.context(), row.address(), MSI_SIZE, row.data()), "the message");
        } catch (IllegalStateException e) {
            return e.getMessage();
        }
        boolean arrived = isPending(row);
        if (arrived && !before) {
            clear(row);
        }
        return arrived ? null : "is not pending";
    }

    private void clear(Capture.MsiRow row) {
        slot(LpiController.class).with(LpiController.class,
                gic -> gic.clearPending(bus.context(), row.processor(), row.intid()));
    }

    private boolean isPending(Capture.MsiRow row) {
        return slot(InterruptInspection.class).with(InterruptInspection.class, gic -> gic.pending().stream()
                .anyMatch(pending -> pending.intid() == row.intid() && pending.processor() == row.processor()))
                .orElse(false);
    }

    private Slot slot(Class<?> capability) {
        List<Slot> able = board.slots().stream()
                .filter(slot -> slot.with(capability, model -> true).orElse(false))
                .toList();
        if (able.isEmpty()) {
            throw new IllegalStateException("board '%s' has no running %s"
                    .formatted(board.name(), capability.getSimpleName()));
        }
        return able.getFirst();
    }
}
