package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.irq.MsiController;
import dev.backplane.pci.PciIommu;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/** Makes and realizes a model for a slot, beside the one that serves it. */
final class Newcomer {
    /** Wiring property of devices that have to know where MSIs go: an IOMMU that cannot translate the address. */
    private static final String MSI_DOORBELL = "msi-gpa";

    private Newcomer() {}

    /**
     * Makes a model and realizes it. A slot without a place on the board gets one.
     *
     * @return the model, realized; it has no state yet
     * @throws ModelFailure if it cannot be; nothing has changed then
     */
    static Occupant realize(DeviceSlot slot, Offer offer, ModelThread bundle) throws ModelFailure {
        return realize(slot, offer, slot.definition(), slot.userProperties(), bundle);
    }

    /**
     * Makes a model and realizes it, as {@link #realize(DeviceSlot, Offer, ModelThread)} does, for another definition
     * of the slot.
     */
    static Occupant realize(
            DeviceSlot slot, Offer offer, SlotDefinition definition, Set<String> givenByUser, ModelThread bundle)
            throws ModelFailure {
        DeviceProperties properties =
                bundle.call("properties", steps -> properties(slot.host(), offer, definition, givenByUser));
        DeviceModel model = bundle.call("create", steps -> {
            DeviceModel made = offer.factory().create(properties);
            if (made == null) {
                throw ModelFailure.of("the factory answered null: expected a model");
            }
            return made;
        });
        Blueprint blueprint = bundle.call("describe", steps -> Blueprint.of(model, slot.definition().placement()));
        boolean first = slot.mount() == null;
        Mount mount = first ? mount(slot, blueprint) : slot.mount();
        Capabilities capabilities = slot.capabilities();
        SlotDeviceContext context = null;
        boolean realized = false;
        var leasesBefore = Set.copyOf(slot.leases().names());
        try {
            if (first) {
                capabilities = new Capabilities(
                        slot.name(),
                        slot.definition().deviceType(),
                        slot.host(),
                        slot.gate(),
                        model,
                        properties);
            } else {
                mount.check(blueprint);
                capabilities.check(model, properties);
            }
            context = new SlotDeviceContext(
                    slot.name(),
                    slot.host(),
                    slot.gate(),
                    slot.port(),
                    properties,
                    mount.lines(),
                    slot.log(),
                    slot.leases().of(model));
            SlotDeviceContext door = context;
            bundle.run("realize", () -> mount.realize(model, door));
            realized = true;
            OptionalLong doorbell = bundle.call("doorbell", steps -> doorbell(slot.definition().placement(), model));
            if (!first && !doorbell.equals(slot.msiDoorbell())) {
                throw ModelFailure.of("it takes MSIs at %s, the slot's device at %s, which the guest has been told"
                        .formatted(address(doorbell), address(slot.msiDoorbell())));
            }
            if (first) {
                mount.connect();
                slot.settle(mount, capabilities);
            }
            return new Occupant(offer, model, blueprint, properties, context, doorbell);
        } catch (ModelFailure failure) {
            if (context != null) {
                slot.missing(context.missingContracts());
                context.revoke();
            }
            if (realized) {
                discard(slot, model, bundle);
            }
            slot.closeLeases(leasesBefore, bundle);
            if (first) {
                if (capabilities != null) {
                    capabilities.remove();
                }
                mount.remove();
            } else if (slot.occupant() == null) {
                mount.vacate();
            } else {
                mount.dismiss();
            }
            throw failure;
        }
    }

    /** Disposes of a model that will not serve any more. */
    static void discard(DeviceSlot slot, Occupant gone, ModelThread bundle) {
        gone.context().revoke();
        slot.mount().dismiss();
        discard(slot, gone.model(), bundle);
    }

    private static void discard(DeviceSlot slot, DeviceModel model, ModelThread bundle) {
        try {
            bundle.run("unrealize", model::unrealize);
        } catch (ModelFailure failure) {
            slot.note("UNREALIZE_FAILED", failure.getMessage());
        }
    }

    private static String address(OptionalLong doorbell) {
        return doorbell.isEmpty() ? "no address" : "0x" + Long.toHexString(doorbell.getAsLong());
    }

    private static OptionalLong doorbell(Placement placement, DeviceModel model) {
        if (model instanceof MsiController controller && placement instanceof Placement.SystemBus place) {
            MsiController.Doorbell register = controller.doorbell();
            Long base = place.regions().get(register.region());
            return base == null ? OptionalLong.empty() : OptionalLong.of(base + register.offset());
        }
        return OptionalLong.empty();
    }

    private static Mount mount(DeviceSlot slot, Blueprint blueprint) throws ModelFailure {
        return switch (slot.definition().placement()) {
            case Placement.SystemBus bus -> new PlatformMount(
                    slot.name(), slot.host(), slot.gate(), bus, ((Blueprint.Platform) blueprint).description());
            case Placement.Pci pci -> new PciMount(
                    slot.name(),
                    slot.definition().deviceType(),
                    slot.host(),
                    slot.gate(),
                    pci,
                    (Blueprint.Pci) blueprint);
        };
    }

    /** {@return the checked values for a slot of that definition; called on a thread for bundles' code} */
    static DeviceProperties properties(
            SlotHost host, Offer offer, SlotDefinition definition, Set<String> givenByUser) throws ModelFailure {
        String type = definition.deviceType();
        List<PropertyDescriptor> declared = offer.factory().properties();
        for (PropertyDescriptor property : declared) {
            if (property.wiring() && givenByUser.contains(property.name())) {
                throw ModelFailure.of("%s: property '%s' is set by the board: leave it out"
                        .formatted(type, property.name()));
            }
        }
        Map<String, Object> given = new LinkedHashMap<>(definition.properties());
        given.keySet().removeIf(name -> offer.when().names().contains(name)
                && declared.stream().noneMatch(property -> property.name().equals(name)));
        if (declared.stream().anyMatch(property -> property.wiring() && property.name().equals(MSI_DOORBELL))) {
            host.msiDoorbell(String.valueOf(given.getOrDefault(PciIommu.PRIMARY_BUS, "")))
                    .ifPresent(address -> given.putIfAbsent(MSI_DOORBELL, address));
        }
        DeviceProperties properties = DeviceProperties.of(type, declared, given);
        for (PropertyDescriptor property : declared) {
            if (property.type() == PropertyType.LINK) {
                String target = properties.text(property.name());
                if (!target.isEmpty() && !host.isLinkTarget(target)) {
                    throw ModelFailure.of("%s: property %s: '%s' is no %s of board %s".formatted(
                            type,
                            property.name(),
                            target,
                            property.name().equals(PciIommu.PRIMARY_BUS) ? "PCI bus" : "slot or bus",
                            host.board()));
                }
            }
        }
        return properties;
    }
}
