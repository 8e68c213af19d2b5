package dev.backplane.core.board;

import dev.backplane.board.Placement;
import dev.backplane.core.slot.DeviceSlot;
import java.util.List;

/** Who would miss a slot. */
final class Dependents {
    private Dependents() {}

    /** {@return names of the slots that sit on a bus of this one, are wired to it or link to it} */
    static List<String> of(DeviceSlot slot, List<DeviceSlot> all) {
        return all.stream()
                .filter(other -> other != slot && (dependsOn(other, slot.name()) || sendsTo(other, slot)))
                .map(DeviceSlot::name)
                .toList();
    }

    /** {@return whether a device was told this slot's address for MSIs} */
    private static boolean sendsTo(DeviceSlot other, DeviceSlot slot) {
        return slot.msiDoorbell().isPresent()
                && other.properties().get("msi-gpa") instanceof Long doorbell
                && doorbell == slot.msiDoorbell().getAsLong();
    }

    private static boolean dependsOn(DeviceSlot other, String name) {
        boolean placed =
                switch (other.definition().placement()) {
                    case Placement.Pci pci -> pci.bus().equals(name);
                    case Placement.SystemBus bus ->
                        bus.lines().values().stream().anyMatch(wire -> wire.controller().equals(name));
                };
        return placed || other.definition().properties().containsValue(name);
    }
}
