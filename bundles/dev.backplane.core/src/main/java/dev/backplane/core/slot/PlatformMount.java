package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.board.Placement.Wire;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.MappedRegion;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.MmioRegion;
import dev.backplane.pci.Bdf;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** A device on the system bus: its regions at the addresses and its lines at the inputs that the placement names. */
final class PlatformMount implements Mount {
    private final SlotHost host;
    private final Placement.SystemBus placement;
    private final Map<String, MappedRegion> regions = new LinkedHashMap<>();
    private final Map<String, InterruptLine> lines = new LinkedHashMap<>();

    /**
     * Makes one.
     *
     * @throws ModelFailure if the placement names a region or a line that the model does not declare
     */
    PlatformMount(
            String slot,
            SlotHost host,
            DeviceGate gate,
            Placement.SystemBus placement,
            PlatformDescription description)
            throws ModelFailure {
        this.host = host;
        this.placement = placement;
        requireDeclared("region", placement.regions().keySet(), regionNames(description));
        requireDeclared("line", placement.lines().keySet(), description.lines());
        for (MmioRegion region : description.regions()) {
            regions.put(region.name(), new MappedRegion(slot, gate, region));
        }
        for (String line : description.lines()) {
            Wire wire = placement.lines().get(line);
            lines.put(line, wire == null
                    ? InterruptHub.unconnected()
                    : host.hub(wire.controller()).line(gate, wire.intid()));
        }
    }

    private static void requireDeclared(String what, Set<String> named, List<String> declared) throws ModelFailure {
        for (String name : named) {
            if (!declared.contains(name)) {
                throw ModelFailure.of("the board places %s '%s', which the model does not declare; it declares %s"
                        .formatted(what, name, declared.isEmpty() ? "none" : String.join(", ", declared)));
            }
        }
    }

    private static List<String> regionNames(PlatformDescription description) {
        return description.regions().stream().map(MmioRegion::name).toList();
    }

    @Override
    public Map<String, InterruptLine> lines() {
        return Collections.unmodifiableMap(lines);
    }

    @Override
    public Optional<Bdf> pciAddress() {
        return Optional.empty();
    }

    @Override
    public void check(Blueprint next) throws ModelFailure {
        PlatformDescription description = ((Blueprint.Platform) next).description();
        Map<String, Long> sizes = regions.values().stream()
                .collect(Collectors.toMap(mapped -> mapped.region().name(), mapped -> mapped.region().size()));
        Map<String, Long> nextSizes = description.regions().stream()
                .collect(Collectors.toMap(MmioRegion::name, MmioRegion::size));
        if (!nextSizes.equals(sizes)) {
            throw ModelFailure.of("its regions are %s, the slot's are %s: they must be equal"
                    .formatted(nextSizes, sizes));
        }
        if (!Set.copyOf(description.lines()).equals(lines.keySet())) {
            throw ModelFailure.of("its lines are %s, the slot's are %s: they must be equal"
                    .formatted(description.lines(), lines.keySet()));
        }
    }

    @Override
    public void realize(DeviceModel model, SlotDeviceContext context) throws RealizeException {
        ((PlatformDevice) model).realize(context);
    }

    @Override
    public void connect() throws ModelFailure {
        SystemBus.Update update = host.bus().update();
        placement.regions().forEach((name, base) -> update.map(regions.get(name), base, 0));
        try {
            update.commit();
        } catch (IllegalArgumentException taken) {
            throw ModelFailure.of(taken.getMessage());
        }
    }

    @Override
    public void serve(Blueprint next) {
        for (MmioRegion region : ((Blueprint.Platform) next).description().regions()) {
            regions.get(region.name()).serve(region);
        }
    }

    @Override
    public void vacate() {
        regions.values().forEach(MappedRegion::vacate);
    }

    @Override
    public void reset(ResetKind kind) {
        // The engine keeps nothing of a platform device.
    }

    @Override
    public void resetUnserved() {
        lines.values().forEach(line -> line.set(false));
    }

    @Override
    public void remove() {
        SystemBus.Update update = host.bus().update();
        regions.values().forEach(update::unmap);
        update.commit();
        lines.values().forEach(line -> line.set(false));
    }
}
