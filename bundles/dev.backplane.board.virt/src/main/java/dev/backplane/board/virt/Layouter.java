package dev.backplane.board.virt;

import dev.backplane.board.MachineDefinition;
import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.board.Placement;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.board.SlotDefinition;
import dev.backplane.pci.PciIommu;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Lays the machine out: what options make of the address map and the interrupt map. */
final class Layouter {
    static final String ROOT_BUS = "pcie.0";
    static final String GIC = "gic";
    static final String ITS = "its0";
    static final String V2M = "v2m0";
    static final String SMMU = "smmu0";
    static final String VIRTIO_MMIO = "virtio-mmio";

    private final VirtOptions options;
    private final HighMemory high;

    private Layouter(VirtOptions options) {
        this.options = options;
        high = HighMemory.of(options);
    }

    static MachineDefinition layOut(VirtOptions options) {
        return new Layouter(options).machine();
    }

    private MachineDefinition machine() {
        List<SlotDefinition> slots = new ArrayList<>();
        slots.add(options.gic() == 2 ? gicV2() : gicV3());
        switch (options.msi()) {
            case ITS -> slots.add(its());
            case V2M -> slots.add(v2m());
            case OFF -> {}
        }
        if (options.smmu()) {
            slots.add(smmu());
        }
        if (options.virtioTransports() > 0) {
            slots.add(virtioTransports());
        }
        List<RootBusDefinition> buses = List.of(rootBus());
        if (options.refusesSharedSpis()) {
            refuseShared(SharedInterrupts.among(buses, slots));
        }
        return new MachineDefinition(
                List.of(new RamBank("mach-virt.ram", AddressMap.RAM.base(), options.memory(), options.memoryPath())),
                buses,
                slots,
                options.accelerator());
    }

    /** Nobody is warned of what the map itself makes two devices share: it is the same at each start. */
    private static void refuseShared(List<SharedInterrupts> all) {
        for (SharedInterrupts shared : all) {
            throw new IllegalArgumentException(
                    "%s: choose another msi or iommu, or %s=warn".formatted(shared, VirtOptions.SHARED_SPIS));
        }
    }

    private RootBusDefinition rootBus() {
        return new RootBusDefinition(
                ROOT_BUS,
                high.ecam() < 0 ? AddressMap.PCIE_ECAM.base() : high.ecam(),
                high.ecam() < 0 ? (int) (AddressMap.PCIE_ECAM.size() >>> 20) : HighMemory.ECAM_BUSES,
                window(AddressMap.PCIE_PIO),
                window(AddressMap.PCIE_MMIO),
                high.mmio() < 0 ? null : new Window(high.mmio(), high.mmioSize()),
                GIC,
                InterruptMap.intid(InterruptMap.PCIE),
                options.bypassIommu());
    }

    private static Window window(AddressMap range) {
        return new Window(range.base(), range.size());
    }

    private SlotDefinition gicV2() {
        return slot(
                GIC,
                "arm_gic",
                Map.of("num-cpu", (long) options.processors(), "num-irq", (long) InterruptMap.INTIDS),
                Map.of("gicd", AddressMap.GICD.base(), "gicc", AddressMap.GICC.base()),
                Map.of());
    }

    private SlotDefinition gicV3() {
        Map<String, Long> regions = new LinkedHashMap<>();
        regions.put("gicd", AddressMap.GICD.base());
        regions.put("gicr", AddressMap.GICR.base());
        if (options.processors() > VirtOptions.FIRST_REDISTRIBUTORS) {
            regions.put("gicr1", high.redistributors());
        }
        return slot(
                GIC,
                "arm-gicv3",
                Map.of(
                        "num-cpu", (long) options.processors(),
                        "num-irq", (long) InterruptMap.INTIDS,
                        "has-lpi", options.msi() == VirtOptions.Msi.ITS,
                        "redist-region-count", (long) VirtOptions.FIRST_REDISTRIBUTORS),
                regions,
                Map.of());
    }

    private static SlotDefinition its() {
        return slot(
                ITS,
                "arm-gicv3-its",
                Map.of("parent-gic", GIC),
                Map.of("its", AddressMap.ITS.base()),
                Map.of());
    }

    private static SlotDefinition v2m() {
        int first = InterruptMap.intid(InterruptMap.V2M);
        return slot(
                V2M,
                "arm-gicv2m",
                Map.of("base-spi", (long) first, "num-spi", (long) InterruptMap.V2M_COUNT),
                Map.of("v2m", AddressMap.V2M.base()),
                InterruptMap.frameWires(first, InterruptMap.V2M_COUNT));
    }

    private SlotDefinition smmu() {
        var properties = new HashMap<String, Object>(
                Map.of("stage", options.iommuStage(), PciIommu.PRIMARY_BUS, ROOT_BUS));
        if (!options.iommuProfile().equals("default")) {
            properties.put("profile", options.iommuProfile());
        }
        return slot(
                SMMU,
                DevicePlacement.SMMU_TYPE,
                properties,
                Map.of(DevicePlacement.SMMU_REGION, AddressMap.SMMU.base()),
                Placement.wires(GIC, InterruptMap.intid(InterruptMap.SMMU), InterruptMap.SMMU_LINES));
    }

    private SlotDefinition virtioTransports() {
        return slot(
                VIRTIO_MMIO,
                "virtio-mmio",
                Map.of("transports", (long) options.virtioTransports()),
                Map.of("registers", AddressMap.VIRTIO_MMIO.base()),
                Map.of());
    }

    private static SlotDefinition slot(
            String name,
            String type,
            Map<String, Object> properties,
            Map<String, Long> regions,
            Map<String, Placement.Wire> lines) {
        return new SlotDefinition(name, type, properties, new Placement.SystemBus(regions, lines), false);
    }
}
