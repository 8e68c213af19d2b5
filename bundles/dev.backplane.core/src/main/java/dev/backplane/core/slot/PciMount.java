package dev.backplane.core.slot;

import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.core.assign.AssignedContext;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostpci.AssignedDevice;
import dev.backplane.irq.InterruptLine;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;

/** A PCI function on its bus. The engine keeps its configuration space over the models in the slot. */
final class PciMount implements Mount {
    private final SlotHost host;
    private final PciFunction function;
    private final String shape;

    /**
     * Puts the function on its bus.
     *
     * @throws ModelFailure if the bus does not take it
     */
    PciMount(
            String slot,
            String deviceType,
            SlotHost host,
            DeviceGate gate,
            Placement.Pci placement,
            Blueprint.Pci blueprint)
            throws ModelFailure {
        this.host = host;
        shape = shape(blueprint);
        try {
            function = host.segment()
                    .plug(slot, deviceType, blueprint.description(), placement, gate, blueprint.kind());
        } catch (PlugException | IllegalArgumentException refused) {
            throw ModelFailure.of(refused.getMessage());
        }
    }

    @Override
    public Map<String, InterruptLine> lines() {
        return Map.of();
    }

    @Override
    public Optional<Bdf> pciAddress() {
        return Optional.of(function.address());
    }

    @Override
    public void check(Blueprint next) throws ModelFailure {
        String other = shape((Blueprint.Pci) next);
        if (!other.equals(shape)) {
            throw ModelFailure.of("its function is %s, the slot's is %s: they must be equal".formatted(other, shape));
        }
    }

    /** {@return what software sees of a function, in one line} */
    private static String shape(Blueprint.Pci blueprint) {
        PciFunctionDescription function = blueprint.description();
        String bars = function.bars().stream()
                .map(bar -> "BAR%d %s%s %s 0x%x".formatted(
                        bar.index(),
                        bar.kind(),
                        bar.prefetchable() ? " prefetchable" : "",
                        bar.region().name(),
                        bar.region().size()))
                .toList()
                .toString();
        String capabilities = function.capabilities().stream()
                .map(capability -> "0x%x version %d%s %s".formatted(
                        capability.id(),
                        capability.version(),
                        capability.offset() == 0 ? "" : " at 0x%x".formatted(capability.offset()),
                        HexFormat.of().formatHex(capability.reset())))
                .toList()
                .toString();
        return "%s%04x:%04x (%04x:%04x) revision 0x%x class %06x pin %d%s bars %s msi %d msix %s capabilities %s"
                .formatted(
                        blueprint.assigned() == null ? "" : "a host device ",
                        function.vendorId(),
                        function.deviceId(),
                        function.subsystemVendorId(),
                        function.subsystemId(),
                        function.revision(),
                        function.classCode(),
                        function.interruptPin(),
                        function.express() ? " express" : "",
                        bars,
                        function.msiVectors(),
                        function.msix(),
                        capabilities);
    }

    @Override
    public void realize(DeviceModel model, SlotDeviceContext context) throws RealizeException {
        PciDeviceContext door = function.context(context);
        if (model instanceof AssignedDevice) {
            host.messages().follow(function);
            door = new AssignedContext(
                    host.assignments(), function, door, resample -> host.messages().pin(function, resample));
        }
        ((PciDevice) model).realize(door);
    }

    @Override
    public void connect() {
        // Its BARs appear where software puts them.
    }

    @Override
    public void serve(Blueprint next) {
        Blueprint.Pci blueprint = (Blueprint.Pci) next;
        function.serve(blueprint.description());
        if (blueprint.assigned() != null) {
            function.serve(blueprint.assigned());
        }
    }

    @Override
    public void dismiss() {
        function.dismiss();
    }

    @Override
    public void vacate() {
        function.park();
    }

    @Override
    public void reset(ResetKind kind) {
        function.reset(kind);
    }

    @Override
    public void resetUnserved() throws HostException {
        function.resetUnserved();
    }

    @Override
    public void remove() {
        host.segment().unplug(function);
    }
}
