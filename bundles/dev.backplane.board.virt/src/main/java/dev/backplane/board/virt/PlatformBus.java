package dev.backplane.board.virt;

import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.irq.MsiController;
import dev.backplane.pci.PciIommu;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Places devices that users add and that are no PCI functions: SMMUs, and MSI controllers beside the machine's own,
 * such as an ITS for a root complex of its own. Each takes a position of 128 KiB: 16 of them for SMMUs, which have the
 * SPIs of the platform bus, 16 for ITSs, 16 for GICv2m frames.
 */
final class PlatformBus {
    static final String ITS_TYPE = "arm-gicv3-its";
    static final String V2M_TYPE = "arm-gicv2m";
    private static final String BYPASS = "bypass_iommu";
    private static final String BASE_SPI = "base-spi";
    private static final String NUM_SPI = "num-spi";
    private static final long DEFAULT_FRAME_SPIS = 32;
    private static final long POSITION_SIZE = AddressMap.SMMU.size();
    private static final int POSITIONS = InterruptMap.PLATFORM_BUS_COUNT / InterruptMap.SMMU_LINES.size();
    private static final int FIRST_ITS = POSITIONS;
    private static final int FIRST_V2M = 2 * POSITIONS;

    private final MachineDefinition machine;
    private final List<SlotDefinition> slots;

    PlatformBus(MachineDefinition machine, List<SlotDefinition> slots) {
        this.machine = machine;
        this.slots = slots;
    }

    /** {@return the slot for a request} */
    SlotDefinition place(String name, DeviceRequest request) throws PlugException {
        Map<String, Object> properties = new LinkedHashMap<>(request.properties());
        Placement placement = switch (request.deviceType()) {
            case ITS_TYPE -> its(properties);
            case V2M_TYPE -> frame(properties);
            default -> smmu(properties);
        };
        return new SlotDefinition(name, request.deviceType(), properties, placement, true);
    }

    private Optional<SlotDefinition> find(String name) {
        return slots.stream().filter(slot -> slot.name().equals(name)).findFirst();
    }

    // MSI controllers

    private Placement its(Map<String, Object> properties) throws PlugException {
        SlotDefinition gic = find(Layouter.GIC).orElseThrow();
        if (!Boolean.TRUE.equals(gic.properties().get("has-lpi"))) {
            throw new PlugException("the %s of this machine takes no LPIs, so it has no use for an ITS: %s"
                    .formatted(gic.deviceType(), "choose gic-version=3 and msi=its"));
        }
        requireRootBusOfItsOwn(properties);
        properties.putIfAbsent("parent-gic", Layouter.GIC);
        return new Placement.SystemBus(Map.of("its", address(free("ITSs", FIRST_ITS))), Map.of());
    }

    private Placement frame(Map<String, Object> properties) throws PlugException {
        requireRootBusOfItsOwn(properties);
        int count = number(properties, NUM_SPI, DEFAULT_FRAME_SPIS);
        int first = number(properties, BASE_SPI, freeSpis(count));
        if (count < 1 || first < InterruptMap.FIRST_SPI_INTID || (long) first + count > InterruptMap.INTIDS) {
            throw new PlugException("%s=%d, %s=%d: expected SPIs within INTIDs %d to %d".formatted(
                    BASE_SPI, first, NUM_SPI, count, InterruptMap.FIRST_SPI_INTID, InterruptMap.INTIDS - 1));
        }
        properties.put(BASE_SPI, (long) first);
        properties.put(NUM_SPI, (long) count);
        return new Placement.SystemBus(
                Map.of("v2m", address(free("GICv2m frames", FIRST_V2M))), InterruptMap.frameWires(first, count));
    }

    private static int number(Map<String, Object> properties, String name, long otherwise) throws PlugException {
        try {
            var property = PropertyDescriptor.of(name, PropertyType.UINT32, otherwise, "");
            long value = (long) property.parse(properties.getOrDefault(name, otherwise));
            return (int) Math.min(value, Integer.MAX_VALUE);
        } catch (IllegalArgumentException wrong) {
            throw new PlugException(wrong.getMessage());
        }
    }

    /** {@return the INTID from which on the GIC has that many SPIs that no device drives; too large when it has not} */
    private int freeSpis(int count) {
        var taken = new BitSet();
        slots.forEach(slot -> taken.or(SharedInterrupts.inputs(slot)));
        int first = taken.nextClearBit(InterruptMap.intid(InterruptMap.FREE));
        while (taken.nextSetBit(first) >= 0 && taken.nextSetBit(first) < first + count) {
            first = taken.nextClearBit(taken.nextSetBit(first));
        }
        return first;
    }

    /**
     * An MSI controller names the root bus that it serves, or serves those that no other names. IOMMUs learn its
     * address when they are plugged, so it has to come before them.
     */
    private void requireRootBusOfItsOwn(Map<String, Object> properties) throws PlugException {
        String bus = String.valueOf(properties.getOrDefault(MsiController.ROOT_BUS, ""));
        if (!bus.isEmpty() && rootBus(bus).isEmpty() && expander(bus).isEmpty()) {
            throw new PlugException("%s=%s: expected %s, or the id of a %s"
                    .formatted(MsiController.ROOT_BUS, bus, Layouter.ROOT_BUS, DevicePlacement.EXPANDER_TYPE));
        }
        for (SlotDefinition slot : slots) {
            if (!bus.isEmpty() && bus.equals(slot.properties().get(MsiController.ROOT_BUS))) {
                throw new PlugException("MSIs of bus %s go to %s already: choose another %s"
                        .formatted(bus, slot.name(), MsiController.ROOT_BUS));
            }
            Object governed = slot.properties().get(PciIommu.PRIMARY_BUS);
            if (governed != null && (governed.equals(bus) || bus.isEmpty() && !isServed(governed))) {
                throw new PlugException("%s governs bus %s and has been told where its MSIs go: %s"
                        .formatted(slot.name(), governed, bus.isEmpty()
                                ? "set %s to another bus".formatted(MsiController.ROOT_BUS)
                                : "add the MSI controller before the SMMU"));
            }
        }
    }

    private boolean isServed(Object bus) {
        return slots.stream().anyMatch(slot -> bus.equals(slot.properties().get(MsiController.ROOT_BUS)));
    }

    // SMMUs

    private Placement smmu(Map<String, Object> properties) throws PlugException {
        if (find(Layouter.SMMU).filter(slot -> !slot.userCreated()).isPresent()) {
            throw new PlugException("virt machine already has smmuv3 set. Doesn't support incompatible iommus");
        }
        requireRootBus(String.valueOf(properties.getOrDefault(PciIommu.PRIMARY_BUS, "")));
        int position = free("SMMUs", 0);
        return new Placement.SystemBus(
                Map.of(DevicePlacement.SMMU_REGION, address(position)),
                Placement.wires(
                        Layouter.GIC,
                        InterruptMap.intid(InterruptMap.PLATFORM_BUS) + position * InterruptMap.SMMU_LINES.size(),
                        InterruptMap.SMMU_LINES));
    }

    private void requireRootBus(String bus) throws PlugException {
        if (bus.isEmpty()) {
            throw new PlugException("SMMU is not attached to any PCI bus! Set %s=%s, or the id of a %s"
                    .formatted(PciIommu.PRIMARY_BUS, Layouter.ROOT_BUS, DevicePlacement.EXPANDER_TYPE));
        }
        Optional<RootBusDefinition> root = rootBus(bus);
        Optional<SlotDefinition> expander = expander(bus);
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
            if (slot.deviceType().equals(DevicePlacement.SMMU_TYPE)
                    && bus.equals(slot.properties().get(PciIommu.PRIMARY_BUS))) {
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

    private Optional<SlotDefinition> expander(String name) {
        return find(name).filter(slot -> slot.deviceType().equals(DevicePlacement.EXPANDER_TYPE));
    }

    private static long address(int position) {
        return AddressMap.PLATFORM_BUS.base() + position * POSITION_SIZE;
    }

    private int free(String what, int first) throws PlugException {
        var taken = new BitSet();
        for (SlotDefinition slot : slots) {
            if (slot.placement() instanceof Placement.SystemBus bus) {
                for (long base : bus.regions().values()) {
                    long offset = base - AddressMap.PLATFORM_BUS.base();
                    if (offset >= 0 && offset < AddressMap.PLATFORM_BUS.size()) {
                        taken.set((int) (offset / POSITION_SIZE));
                    }
                }
            }
        }
        int position = taken.nextClearBit(first);
        if (position >= first + POSITIONS) {
            throw new PlugException("the platform bus has room for %d %s, all in use: unplug one"
                    .formatted(POSITIONS, what));
        }
        return position;
    }
}
