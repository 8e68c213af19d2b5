package dev.backplane.vm.load;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.TransactionContext;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.FunctionImage;

/** Restores bus numbers, windows, BARs and enables of the functions that the board has. */
final class PciRestorer {
    private static final int COMMAND = 0x04;
    private static final int BAR0 = 0x10;
    private static final int ENDPOINT_BARS_END = 0x28;
    private static final int BRIDGE_END = 0x30;

    private final PciFabric pci;
    private final TransactionContext context;

    PciRestorer(Board board) {
        pci = board.pci();
        context = board.epochs().context();
    }

    /** Restores them in ascending order, so that a bridge has its numbers before functions below it are reached. */
    void restore(Capture capture) {
        for (FunctionImage function : capture.functions()) {
            boolean present = pci.functions().stream().anyMatch(known -> known.address().equals(function.address())
                    && known.vendorId() == function.vendorId() && known.deviceId() == function.deviceId());
            if (present) {
                restore(function);
            }
        }
    }

    private void restore(FunctionImage function) {
        int end = function.isBridge() ? BRIDGE_END : ENDPOINT_BARS_END;
        for (int offset = BAR0; offset < end; offset += 4) {
            pci.writeConfig(context, function.address(), offset, 4, function.dword(offset));
        }
        pci.writeConfig(context, function.address(), COMMAND, 2, function.dword(COMMAND) & 0xFFFF);
    }
}
