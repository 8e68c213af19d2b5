package dev.backplane.core.board;

import dev.backplane.board.Cause;
import dev.backplane.board.PlugException;
import dev.backplane.board.SlotDefinition;
import dev.backplane.core.slot.DeviceSlot;
import dev.backplane.core.slot.ModelFailure;
import dev.backplane.core.slot.Offer;
import dev.backplane.core.slot.Pin;
import dev.backplane.core.slot.SlotEngine;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A user gives a slot to another device or another bundle; called on the board's executor.
 *
 * @param slot the slot
 * @param engine puts models into slots
 * @param diagnosis says why nobody is there for a slot
 * @param offers all offers
 * @param limits how long it may take
 */
record Reassignment(DeviceSlot slot, SlotEngine engine, Diagnosis diagnosis, List<Offer> offers, Limits limits) {
    private static final String TYPE = "type";

    /**
     * Gives the slot other property values.
     *
     * @throws PlugException as {@link dev.backplane.board.Board#swap} does
     */
    void swap(Map<String, String> properties) throws PlugException {
        if (properties.isEmpty()) {
            throw refused("no property is given that is to change: name=value");
        }
        if (properties.containsKey(TYPE)) {
            throw refused(keepsItsType(properties.get(TYPE)));
        }
        SlotDefinition now = slot.definition();
        Map<String, Object> given = new LinkedHashMap<>(now.properties());
        given.putAll(properties);
        Set<String> byUser = new HashSet<>(slot.userProperties());
        byUser.addAll(properties.keySet());
        var next = new SlotDefinition(now.name(), now.deviceType(), given, now.placement(), now.userCreated());
        List<Offer> candidates = slot.candidates(offers, next);
        if (candidates.isEmpty()) {
            Cause cause = diagnosis.nobodyOffers(next, offers);
            throw refused("%s: %s".formatted(cause.reason(), cause.remedy()));
        }
        try {
            engine.swap(slot, next, byUser, candidates, limits.forCallbacks());
        } catch (ModelFailure failure) {
            throw refused(failure.getMessage());
        }
    }

    private String keepsItsType(String type) {
        String held = slot.definition().deviceType();
        return slot.msiDoorbell().isPresent()
                ? ("it takes MSIs at 0x%x, and a guest has that address in the MSI tables of its devices: %s cannot "
                                + "follow %s; make the board again with other machine options")
                        .formatted(slot.msiDoorbell().getAsLong(), type, held)
                : "it holds %s, which a guest has found there: %s cannot follow it; make the board again"
                        .formatted(held, type);
    }

    /**
     * Pins the slot to a bundle, or ends the pin.
     *
     * @throws PlugException as {@link dev.backplane.board.Board#select} does
     */
    void select(String bundle) throws PlugException {
        Pin before = slot.pinned();
        Pin pin = bundle.isBlank() ? null : new Pin(bundle.strip());
        slot.pin(pin);
        try {
            Optional<Offer> best = slot.candidates(offers).stream().findFirst();
            if (pin != null && best.filter(pin::means).isEmpty()) {
                throw refused("no bundle '%s' offers %s for it; there are %s"
                        .formatted(pin.text(), slot.definition().deviceType(), providers()));
            }
            if (pin != null && !slot.offer().map(Offer::serviceId).equals(best.map(Offer::serviceId))) {
                engine.take(slot, best.orElseThrow(), limits.forCallbacks());
            }
        } catch (ModelFailure failure) {
            slot.pin(before);
            throw refused(failure.getMessage());
        } catch (PlugException refused) {
            slot.pin(before);
            throw refused;
        }
    }

    private String providers() {
        List<Offer> now = slot.candidates(offers);
        return now.isEmpty() ? "none" : now.stream().map(Offer::provider).collect(Collectors.joining(", "));
    }

    private PlugException refused(String reason) {
        return new PlugException("slot %s: %s".formatted(slot.name(), reason));
    }
}
