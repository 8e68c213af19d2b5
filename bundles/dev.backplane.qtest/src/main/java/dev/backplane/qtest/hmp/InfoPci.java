package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.qtest.pci.PluggedFunctions;
import dev.backplane.qtest.qom.AnonymousSlots;

/** PCI functions, as {@code info pci} prints them. */
final class InfoPci {
    private InfoPci() {}

    static String text(Board board) {
        var text = new StringBuilder();
        for (PciFabric.Function function : PluggedFunctions.of(board).addressed()) {
            text.append("  Bus %2d, device %3d, function %d:\n".formatted(
                    function.address().bus(), function.address().device(), function.address().function()));
            text.append("    Class %04x: PCI device %04x:%04x\n".formatted(
                    function.classCode() >>> 8, function.vendorId(), function.deviceId()));
            for (PciFabric.BarMapping bar : function.bars()) {
                String kind = switch (bar.kind()) {
                    case "io" -> "I/O";
                    case "mem64" -> "64 bit memory";
                    default -> "32 bit memory";
                };
                text.append(bar.base() < 0
                        ? "      BAR%d: %s (not mapped, 0x%x bytes)\n".formatted(bar.index(), kind, bar.size())
                        : "      BAR%d: %s at 0x%08x [0x%08x].\n".formatted(
                                bar.index(), kind, bar.base(), bar.base() + bar.size() - 1));
            }
            text.append("      id \"%s\"\n".formatted(
                    AnonymousSlots.isAnonymous(function.slot()) ? "" : function.slot()));
        }
        return text.toString();
    }
}
