package dev.backplane.core.board;

import dev.backplane.board.Cause;
import dev.backplane.board.MachineType;
import dev.backplane.board.Slot.State;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.Offer;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds the first real cause why something of a board is not there. */
final class Diagnosis {
    private final String board;
    private final String machine;
    private final SlotTable slots;
    private final Surroundings surroundings;

    Diagnosis(String board, String machine, SlotTable slots, Surroundings surroundings) {
        this.board = board;
        this.machine = machine;
        this.slots = slots;
        this.surroundings = surroundings;
    }

    /** {@return why the board is not complete} */
    List<Cause> ofBoard(String trouble, boolean defined, List<Offer> offers) {
        if (!trouble.isEmpty()) {
            return List.of(new Cause(board, trouble, "destroy the board and make it again with other options"));
        }
        if (!defined) {
            return List.of(new Cause(
                    board,
                    "no bundle provides machine type " + machine,
                    surroundings.advice(MachineType.NAME, machine)));
        }
        Set<Cause> causes = new LinkedHashSet<>();
        for (DeviceSlot slot : slots.all()) {
            if (slot.state() != State.RUNNING) {
                causes.addAll(ofSlot(slot, offers));
            }
        }
        return List.copyOf(causes);
    }

    /** {@return why a slot has no running device; the cause may lie in a slot before it} */
    List<Cause> ofSlot(DeviceSlot slot, List<Offer> offers) {
        List<Offer> candidates = slot.candidates(offers);
        if (candidates.isEmpty()) {
            Cause nobody = nobodyOffers(slot.definition(), offers);
            String reason = nobody.reason();
            if (slot.state() == State.PARKED || slot.state() == State.FAILED) {
                reason = "%s (%s)".formatted(reason, slot.trouble());
            }
            return List.of(new Cause(slot.name(), reason, nobody.remedy()));
        }
        if (candidates.stream().allMatch(slot::hasRefused)) {
            return List.of(new Cause(slot.name(), String.join("; ", slot.refusals()), remedy(slot, candidates)));
        }
        for (DeviceSlot earlier : slots.all()) {
            if (earlier == slot) {
                break;
            }
            if (earlier.state() == State.EMPTY) {
                return ofSlot(earlier, offers);
            }
        }
        return List.of(new Cause(slot.name(), "it is being filled", ""));
    }

    /** {@return that nobody is there for a slot of that definition, and what would help} */
    Cause nobodyOffers(SlotDefinition definition, List<Offer> offers) {
        return new Cause(
                definition.name(),
                "no bundle provides device type " + definition.deviceType() + deciding(definition, offers),
                surroundings.factoryAdvice(definition.deviceType(), definition.properties()));
    }

    /** {@return the property values for which those that offer the type are not there, as text} */
    private static String deciding(SlotDefinition definition, List<Offer> offers) {
        String values = offers.stream()
                .filter(offer -> offer.type().equals(definition.deviceType()))
                .flatMap(offer -> offer.when().names().stream())
                .distinct()
                .sorted()
                .map(name -> definition.properties().containsKey(name)
                        ? "%s=%s".formatted(name, definition.properties().get(name))
                        : "no " + name)
                .collect(Collectors.joining(", "));
        return values.isEmpty() ? "" : " with " + values;
    }

    private String remedy(DeviceSlot slot, List<Offer> candidates) {
        return slot.missingContracts().stream()
                .findFirst()
                .map(contract -> surroundings.advice("objectClass", contract))
                .orElse("change the slot's properties, or update the bundle: felix:update "
                        + candidates.getFirst().bundleId());
    }
}
