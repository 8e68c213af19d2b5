package dev.backplane.board.virt;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommu;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Says where a device goes that a user asks for. It decides by the definitions of the slots alone, so the same requests
 * in the same order give the same board, whatever is there already.
 */
final class DevicePlacement {
    static final String SMMU_TYPE = "arm-smmuv3";
    /** Both pages of its registers. */
    static final String SMMU_REGION = "registers";
    private static final String EXPANDER_TYPE = "pxb-pcie";
    private static final String ROOT_PORT_TYPE = "pcie-root-port";
    private static final String PCI_BRIDGE_TYPE = "pcie-pci-bridge";
    private static final String BYPASS = "bypass_iommu";
    private static final long SMMU_SIZE = AddressMap.SMMU.size();
    private static final int DEVICES = 32;

    private final MachineDefinition machine;
    private final List<SlotDefinition> slots;

    /** Looks at a board as it is defined now. */
    DevicePlacement(Board board) throws PlugException {
        machine = board.machine()
                .orElseThrow(() -> new PlugException("board %s is not laid out yet".formatted(board.name())));
        slots = board.slots().stream().map(Slot::definition).toList();
    }

    /** {@return the slot for a request} */
    SlotDefinition place(DeviceRequest request) throws PlugException {
        String name = request.id().isEmpty() ? freeName(request.deviceType()) : request.id();
        return request.deviceType().equals(SMMU_TYPE) ? smmu(name, request) : function(name, request);
    }

    private String freeName(String type) {
        String stem = type.equals(SMMU_TYPE) ? "smmu" : type.replaceAll("[^A-Za-z0-9]+", "-");
        int number = 0;
        while (find(stem + number).isPresent()) {
            number++;
        }
        return stem + number;
    }

    private Optional<SlotDefinition> find(String name) {
        return slots.stream().filter(slot -> slot.name().equals(name)).findFirst();
    }

    // PCI functions

    private SlotDefinition function(String name, DeviceRequest request) throws PlugException {
        String bus = request.bus().isEmpty() ? Layouter.ROOT_BUS : request.bus();
        int first = firstDevice(bus);
        int devfn = request.address().isEmpty() ? free(bus, first) : requested(request.address());
        Map<String, Object> properties = new LinkedHashMap<>(request.properties());
        return new SlotDefinition(name, request.deviceType(), properties, new Placement.Pci(bus, devfn), true);
    }

    /** {@return the first device number that may be given out on a bus} */
    private int firstDevice(String bus) throws PlugException {
        if (rootBus(bus).isPresent()) {
            return 1;
        }
        SlotDefinition bridge = find(bus)
                .filter(slot -> slot.placement() instanceof Placement.Pci)
                .orElseThrow(() -> new PlugException(
                        "Bus '%s' not found: expected %s".formatted(bus, String.join(", ", buses()))));
        return bridge.deviceType().equals(PCI_BRIDGE_TYPE) ? 1 : 0;
    }

    private List<String> buses() {
        var names = new ArrayList<String>();
        machine.rootBuses().forEach(root -> names.add(root.name()));
        slots.stream()
                .filter(slot -> isBridge(slot.deviceType()))
                .forEach(slot -> names.add(slot.name()));
        return names;
    }

    private static boolean isBridge(String type) {
        return type.equals(EXPANDER_TYPE) || type.equals(ROOT_PORT_TYPE) || type.equals(PCI_BRIDGE_TYPE);
    }

    private int free(String bus, int first) throws PlugException {
        var taken = new BitSet();
        for (SlotDefinition slot : slots) {
            if (slot.placement() instanceof Placement.Pci pci && pci.bus().equals(bus)) {
                taken.set(pci.devfn() >>> 3);
            }
        }
        int device = taken.nextClearBit(first);
        int devices = find(bus).filter(slot -> slot.deviceType().equals(ROOT_PORT_TYPE)).isPresent() ? 1 : DEVICES;
        if (device >= devices) {
            throw new PlugException("no free device number on PCI bus %s: choose another bus".formatted(bus));
        }
        return device << 3;
    }

    private static int requested(String address) throws PlugException {
        try {
            Bdf parsed = Bdf.parse(address);
            if (parsed.bus() == 0) {
                return parsed.devfn();
            }
        } catch (IllegalArgumentException e) {
            // The message below says what is expected here.
        }
        throw new PlugException("addr=%s: expected device.function on the bus, such as 03.0".formatted(address));
    }

    // SMMUs on the platform bus

    private SlotDefinition smmu(String name, DeviceRequest request) throws PlugException {
        if (find(Layouter.SMMU).filter(slot -> !slot.userCreated()).isPresent()) {
            throw new PlugException("virt machine already has smmuv3 set. Doesn't support incompatible iommus");
        }
        requireRootBus(request.properties().getOrDefault(PciIommu.PRIMARY_BUS, ""));
        int position = freePlatformPosition();
        Placement placement = new Placement.SystemBus(
                Map.of(SMMU_REGION, AddressMap.PLATFORM_BUS.base() + position * SMMU_SIZE),
                Placement.wires(
                        Layouter.GIC,
                        InterruptMap.intid(InterruptMap.PLATFORM_BUS) + position * InterruptMap.SMMU_LINES.size(),
                        InterruptMap.SMMU_LINES));
        return new SlotDefinition(name, SMMU_TYPE, new LinkedHashMap<>(request.properties()), placement, true);
    }

    private void requireRootBus(String bus) throws PlugException {
        if (bus.isEmpty()) {
            throw new PlugException("SMMU is not attached to any PCI bus! Set %s=%s, or the id of a %s"
                    .formatted(PciIommu.PRIMARY_BUS, Layouter.ROOT_BUS, EXPANDER_TYPE));
        }
        Optional<RootBusDefinition> root = rootBus(bus);
        Optional<SlotDefinition> expander = find(bus).filter(slot -> slot.deviceType().equals(EXPANDER_TYPE));
        if (root.isEmpty() && expander.isEmpty()) {
            throw new PlugException("SMMU should be attached to a default PCIe root complex(pcie.0) or a pxb-pcie based"
                    + " root complex: '%s' is neither".formatted(bus));
        }
        boolean bypassed = root.map(RootBusDefinition::bypassesIommu)
                .orElseGet(() -> isOn(expander.orElseThrow().properties().get(BYPASS)));
        if (bypassed) {
            throw new PlugException("Bypass option cannot be set for SMMUv3 associated PCIe RC: bus " + bus);
        }
        for (SlotDefinition slot : slots) {
            if (slot.deviceType().equals(SMMU_TYPE) && bus.equals(slot.properties().get(PciIommu.PRIMARY_BUS))) {
                throw new PlugException(
                        "An iommu is already attached to this bus: %s has %s".formatted(bus, slot.name()));
            }
        }
    }

    private static boolean isOn(Object value) {
        return value != null && List.of("on", "true", "yes").contains(value.toString().toLowerCase(Locale.ROOT));
    }

    private Optional<RootBusDefinition> rootBus(String name) {
        return machine.rootBuses().stream()
                .filter(root -> root.name().equals(name))
                .findFirst();
    }

    private int freePlatformPosition() throws PlugException {
        int positions = InterruptMap.PLATFORM_BUS_COUNT / InterruptMap.SMMU_LINES.size();
        var taken = new BitSet();
        for (SlotDefinition slot : slots) {
            if (slot.placement() instanceof Placement.SystemBus bus && bus.regions().containsKey(SMMU_REGION)) {
                long offset = bus.regions().get(SMMU_REGION) - AddressMap.PLATFORM_BUS.base();
                if (offset >= 0 && offset < AddressMap.PLATFORM_BUS.size()) {
                    taken.set((int) (offset / SMMU_SIZE));
                }
            }
        }
        int position = taken.nextClearBit(0);
        if (position >= positions) {
            throw new PlugException("the platform bus has interrupts for %d SMMUs, all in use: unplug one"
                    .formatted(positions));
        }
        return position;
    }
}
