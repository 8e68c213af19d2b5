package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;

/** Which bundles slots are served by now. */
final class SlotUse {
    private final Supplier<List<BoardEngine>> boards;

    SlotUse(Supplier<List<BoardEngine>> boards) {
        this.boards = boards;
    }

    boolean serves(Bundle bundle) {
        return !served(bundle).isEmpty();
    }

    /** {@return the slots of all boards that a bundle serves} */
    List<DeviceSlot> served(Bundle bundle) {
        return boards.get().stream()
                .flatMap(board -> board.slotsServedBy(bundle.getBundleId()).stream())
                .toList();
    }

    /** {@return a bundle and what it serves, as text} */
    String text(Bundle bundle) {
        List<String> slots = slots(bundle);
        return "%s %s".formatted(
                label(bundle), slots.isEmpty() ? "serves no slot" : "serves slot " + String.join(", slot ", slots));
    }

    static String label(Bundle bundle) {
        return "%s %s [%d]".formatted(bundle.getSymbolicName(), bundle.getVersion(), bundle.getBundleId());
    }

    private List<String> slots(Bundle bundle) {
        List<String> names = new ArrayList<>();
        for (BoardEngine board : boards.get()) {
            for (DeviceSlot slot : board.slotsServedBy(bundle.getBundleId())) {
                names.add("%s of board %s".formatted(slot.name(), board.name()));
            }
        }
        return names;
    }
}
