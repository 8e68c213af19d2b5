package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.vm.capture.Capture;

/** Finds the slot of a captured SMMU: the one whose registers are mapped where the capture has them. */
final class SmmuSlots {
    private SmmuSlots() {}

    static Slot of(Board board, Capture.SmmuImage smmu) {
        return board.memoryMap().stream()
                .filter(entry -> entry.base() == smmu.base())
                .findFirst()
                .flatMap(entry -> board.slot(entry.owner()))
                .orElseThrow(() ->
                new IllegalStateException("board '%s' has no SMMU at 0x%x, where the capture has '%s'"
                        .formatted(board.name(), smmu.base(), smmu.id())));
    }
}
