package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;

/** The memory map, as {@code info mtree} prints it. */
final class InfoMtree {
    private InfoMtree() {}

    static String text(Board board) {
        var text = new StringBuilder("address-space: memory\n");
        for (Board.MapEntry entry : board.memoryMap()) {
            text.append("  %016x-%016x (prio 0, %s): %s\n".formatted(
                    entry.base(),
                    entry.base() + entry.size() - 1,
                    entry.kind().equals("ram") ? "ram" : "i/o",
                    entry.region().isEmpty() || entry.region().equals(entry.owner())
                            ? entry.owner()
                            : entry.owner() + "." + entry.region()));
        }
        return text.toString();
    }
}
