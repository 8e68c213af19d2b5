package dev.backplane.board.virt;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import dev.backplane.pci.Bdf;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
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
    static final String EXPANDER_TYPE = "pxb-pcie";
    private static final String ROOT_PORT_TYPE = "pcie-root-port";
    private static final String PCI_BRIDGE_TYPE = "pcie-pci-bridge";
    private static final int DEVICES = 32;
    private static final System.Logger LOGGER = System.getLogger("dev.backplane.board.virt");

    private final boolean refusesSharedSpis;
    private final MachineDefinition machine;
    private final List<SlotDefinition> slots;

    /** Looks at a board as it is defined now. */
    DevicePlacement(Board board) throws PlugException {
        machine = board.machine()
                .orElseThrow(() -> new PlugException("board %s is not laid out yet".formatted(board.name())));
        slots = board.slots().stream().map(Slot::definition).toList();
        refusesSharedSpis = VirtOptions.refusesSharedSpis(DeviceProperties.of(
                "machine " + VirtMachine.TYPE, VirtOptions.DECLARED, board.definition().options()));
    }

    /** {@return the slot for a request} */
    SlotDefinition place(DeviceRequest request) throws PlugException {
        String name = request.id().isEmpty() ? freeName(request.deviceType()) : request.id();
        return switch (request.deviceType()) {
            case SMMU_TYPE, PlatformBus.ITS_TYPE, PlatformBus.V2M_TYPE -> {
                SlotDefinition slot = new PlatformBus(machine, slots).place(name, request);
                requireOwnInterrupts(slot);
                yield slot;
            }
            default -> function(name, request);
        };
    }

    private void requireOwnInterrupts(SlotDefinition slot) throws PlugException {
        var all = new ArrayList<>(slots);
        all.add(slot);
        for (SharedInterrupts shared : SharedInterrupts.among(machine.rootBuses(), all)) {
            if (shared.concerns(slot.name())) {
                if (refusesSharedSpis) {
                    throw new PlugException("%s: choose other SPIs for %s".formatted(shared, slot.name()));
                }
                LOGGER.log(System.Logger.Level.WARNING, "{0}: software cannot tell whose interrupt it is", shared);
            }
        }
    }

    private String freeName(String type) {
        String stem = switch (type) {
            case SMMU_TYPE -> "smmu";
            case PlatformBus.ITS_TYPE -> "its";
            case PlatformBus.V2M_TYPE -> "v2m";
            default -> type.replaceAll("[^A-Za-z0-9]+", "-");
        };
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
        if (machine.rootBuses().stream().anyMatch(root -> root.name().equals(bus))) {
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
}
