package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.irq.MsiController;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Which MSI controller serves which root bus: the one that names it, else the one that names none. */
record Doorbells(List<DeviceSlot> slots) {

    /**
     * {@return where the functions below a root bus send their MSIs, guest-physical; empty when nobody takes any}
     *
     * @throws ModelFailure if more than one could be meant
     */
    OptionalLong of(String rootBus) throws ModelFailure {
        List<DeviceSlot> serving = serving(rootBus);
        if (serving.isEmpty()) {
            serving = serving("");
        }
        if (serving.size() > 1) {
            throw ModelFailure.of("MSIs of bus '%s' could go to %s: set property %s of one of them to that bus".formatted(
                    rootBus,
                    serving.stream().map(DeviceSlot::name).collect(Collectors.joining(" or ")),
                    MsiController.ROOT_BUS));
        }
        return serving.isEmpty() ? OptionalLong.empty() : serving.getFirst().msiDoorbell();
    }

    private List<DeviceSlot> serving(String rootBus) {
        return slots.stream()
                .filter(slot -> slot.msiDoorbell().isPresent())
                .filter(slot -> rootBus.equals(slot.properties().getOrDefault(MsiController.ROOT_BUS, "")))
                .toList();
    }
}
