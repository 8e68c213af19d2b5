package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ParkOrder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The slots of a board in their order. Changed on the board's executor, read by everybody. */
final class SlotTable {
    private final Runnable changed;
    private volatile List<DeviceSlot> slots = List.of();

    /**
     * Makes an empty table.
     *
     * @param changed told when slots have come or gone
     */
    SlotTable(Runnable changed) {
        this.changed = changed;
    }

    List<DeviceSlot> all() {
        return slots;
    }

    Optional<DeviceSlot> find(String name) {
        for (DeviceSlot slot : slots) {
            if (slot.name().equals(name)) {
                return Optional.of(slot);
            }
        }
        return Optional.empty();
    }

    void add(DeviceSlot slot) {
        var next = new ArrayList<>(slots);
        next.add(slot);
        slots = List.copyOf(next);
        changed.run();
    }

    void remove(DeviceSlot slot) {
        slots = slots.stream().filter(other -> other != slot).toList();
        changed.run();
    }

    void clear() {
        slots = List.of();
    }

    /** {@return some of the slots, initiators before their targets} */
    List<DeviceSlot> closingOrder(Collection<DeviceSlot> some) {
        List<DeviceSlot> now = slots;
        return ParkOrder.of(now.stream().map(DeviceSlot::node).toList()).stream()
                .map(name -> find(name).orElseThrow())
                .filter(some::contains)
                .toList();
    }
}
