package dev.backplane.qtest.pci;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.board.PciFabric.Function;
import dev.backplane.board.Placement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * PCI functions by the bus on which they are plugged. The bus below a bridge that software has not numbered yet has
 * number 0 like the first root bus, so numbers do not tell one from the other.
 */
public final class PluggedFunctions {
    private static final int HEADER_TYPE = 0x0E;
    private static final int BRIDGE_HEADER = 1;
    private static final int SECONDARY_BUS = 0x19;

    private final Board board;
    private final List<Function> functions;
    private final Map<String, String> busOfSlot = new HashMap<>();
    private final String hostBus;

    private PluggedFunctions(Board board) {
        this.board = board;
        functions = board.pci().functions();
        board.slots().forEach(slot -> {
            if (slot.definition().placement() instanceof Placement.Pci pci) {
                busOfSlot.put(slot.name(), pci.bus());
            }
        });
        hostBus = board.pci().rootBuses().stream()
                .filter(root -> root.firstBus() == 0)
                .map(PciFabric.RootBus::name)
                .findFirst()
                .orElse("");
    }

    /** {@return the functions of a board as they are now} */
    public static PluggedFunctions of(Board board) {
        return new PluggedFunctions(board);
    }

    /** {@return the functions on a bus, by address} */
    public List<Function> on(String bus) {
        return functions.stream().filter(function -> bus(function).equals(bus)).toList();
    }

    private String bus(Function function) {
        // The host bridge has no slot.
        return function.slot().isEmpty() ? hostBus : busOfSlot.getOrDefault(function.slot(), "");
    }

    /** {@return whether a function is a bridge to a bus below} */
    public boolean isBridge(Function function) {
        return (read(function, HEADER_TYPE) & 0x7F) == BRIDGE_HEADER;
    }

    /** {@return the number of the bus below a bridge, 0 while it has none} */
    public int secondaryBus(Function bridge) {
        return read(bridge, SECONDARY_BUS);
    }

    private int read(Function function, int offset) {
        return board.pci().readConfig(board.epochs().context(), function.address(), offset, 1);
    }

    /** {@return the functions that have an address of their own: all bridges above have numbers} */
    public List<Function> addressed() {
        return functions.stream().filter(this::isAddressed).toList();
    }

    private boolean isAddressed(Function function) {
        String bus = bus(function);
        if (board.pci().rootBuses().stream().anyMatch(root -> root.name().equals(bus))) {
            return true;
        }
        return functions.stream()
                .filter(bridge -> bridge.slot().equals(bus))
                .anyMatch(bridge -> isAddressed(bridge) && secondaryBus(bridge) != 0);
    }
}
