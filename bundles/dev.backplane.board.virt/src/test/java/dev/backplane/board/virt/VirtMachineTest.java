package dev.backplane.board.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.MachineDefinition;
import dev.backplane.board.Placement;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The expected addresses are those in the device trees of a real {@code virt} machine with the same options. */
class VirtMachineTest {
    private final VirtMachine machine = new VirtMachine();

    private MachineDefinition define(String... options) {
        Map<String, String> given = new HashMap<>();
        for (String option : options) {
            int at = option.indexOf('=');
            given.put(option.substring(0, at), option.substring(at + 1));
        }
        return machine.define(DeviceProperties.of("machine virt", machine.options(), given));
    }

    private static SlotDefinition slot(MachineDefinition definition, String name) {
        return definition.slots().stream()
                .filter(slot -> slot.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no slot " + name + " in " + definition.slots()));
    }

    private static Placement.SystemBus placement(MachineDefinition definition, String name) {
        return (Placement.SystemBus) slot(definition, name).placement();
    }

    private static List<String> names(MachineDefinition definition) {
        return definition.slots().stream().map(SlotDefinition::name).toList();
    }

    @Test
    void theSmmusProfileIsAnOption() {
        assertThat(slot(define("iommu=smmuv3", "iommu-profile=virt-11.1"), "smmu0").properties())
                .containsEntry("profile", "virt-11.1");
    }

    @Test
    void gicv3WithItsAndSmmu() {
        MachineDefinition virt = define("iommu=smmuv3");
        assertThat(names(virt)).containsExactly("gic", "its0", "smmu0");
        assertThat(slot(virt, "gic").deviceType()).isEqualTo("arm-gicv3");
        assertThat(slot(virt, "gic").properties())
                .containsEntry("num-cpu", 1L)
                .containsEntry("num-irq", 288L)
                .containsEntry("has-lpi", true)
                .containsEntry("redist-region-count", 123L);
        assertThat(placement(virt, "gic").regions())
                .isEqualTo(Map.of("gicd", 0x0800_0000L, "gicr", 0x080A_0000L));
        assertThat(slot(virt, "its0").properties()).isEqualTo(Map.of("parent-gic", "gic"));
        assertThat(placement(virt, "its0").regions()).isEqualTo(Map.of("its", 0x0808_0000L));
        assertThat(slot(virt, "smmu0").properties())
                .isEqualTo(Map.of("stage", "nested", "primary-bus", "pcie.0"));
        assertThat(placement(virt, "smmu0").regions()).isEqualTo(Map.of("registers", 0x0905_0000L));
        assertThat(placement(virt, "smmu0").lines())
                .isEqualTo(Map.of(
                        "eventq", new Placement.Wire("gic", 0x4A + 32),
                        "priq", new Placement.Wire("gic", 0x4B + 32),
                        "cmdq-sync", new Placement.Wire("gic", 0x4C + 32),
                        "gerror", new Placement.Wire("gic", 0x4D + 32)));
        assertThat(virt.slots()).noneMatch(SlotDefinition::userCreated);
    }

    @Test
    void rootBusWithHighMemory() {
        assertThat(define().rootBuses())
                .containsExactly(new RootBusDefinition(
                        "pcie.0",
                        0x40_1000_0000L,
                        256,
                        new Window(0x3EFF_0000L, 0x1_0000L),
                        new Window(0x1000_0000L, 0x2EFF_0000L),
                        new Window(0x80_0000_0000L, 0x80_0000_0000L),
                        "gic",
                        35));
    }

    @Test
    void rootBusWithoutHighMemory() {
        assertThat(define("highmem=off").rootBuses())
                .containsExactly(new RootBusDefinition(
                        "pcie.0",
                        0x3F00_0000L,
                        16,
                        new Window(0x3EFF_0000L, 0x1_0000L),
                        new Window(0x1000_0000L, 0x2EFF_0000L),
                        null,
                        "gic",
                        35));
    }

    @ParameterizedTest
    @CsvSource({
        // options, ECAM, 64-bit window
        "highmem-redists=off, 0x4000000000, 0x8000000000",
        "highmem-redists=off compact-highmem=off, 0x4010000000, 0x8000000000",
        "highmem-ecam=off, 0x3f000000, 0x8000000000",
        "memory=255G, 0x4010000000, 0x8000000000",
        "memory=300G, 0x4b50000000, 0x8000000000",
        "memory=600G, 0x9650000000, 0x10000000000",
        "highmem-mmio-size=1T, 0x4010000000, 0x10000000000",
    })
    void highRegionsAreAlignedToTheirSizeAboveRam(String options, String ecam, String mmio) {
        RootBusDefinition root = define(options.split(" ")).rootBuses().getFirst();
        assertThat(root.ecamBase()).isEqualTo(Long.decode(ecam));
        assertThat(root.memory64().base()).isEqualTo(Long.decode(mmio));
    }

    @Test
    void gicv2WithFrame() {
        MachineDefinition virt = define("gic-version=2", "smp=8");
        assertThat(names(virt)).containsExactly("gic", "v2m0");
        assertThat(slot(virt, "gic").deviceType()).isEqualTo("arm_gic");
        assertThat(placement(virt, "gic").regions())
                .isEqualTo(Map.of("gicd", 0x0800_0000L, "gicc", 0x0801_0000L));
        assertThat(slot(virt, "v2m0").properties()).isEqualTo(Map.of("base-spi", 80L, "num-spi", 64L));
        Placement.SystemBus frame = placement(virt, "v2m0");
        assertThat(frame.regions()).isEqualTo(Map.of("v2m", 0x0802_0000L));
        assertThat(frame.lines())
                .hasSize(64)
                .containsEntry("spi0", new Placement.Wire("gic", 80))
                .containsEntry("spi63", new Placement.Wire("gic", 143));
    }

    @ParameterizedTest
    @CsvSource({
        "msi=auto, its0", "msi=its, its0", "msi=gicv2m, v2m0", "msi=off,", "its=off,", "gic-version=max, its0",
        "gic-version=host accel=kvm, its0", "gic-version=2, v2m0", "gic-version=2 msi=off,", "its=off msi=gicv2m, v2m0",
        "its=on, its0", "gic-version=2 its=off, v2m0", "gic-version=2 its=on msi=gicv2m, v2m0", "its=on msi=off,",
    })
    void msiControllerFollowsTheOptions(String options, String controller) {
        MachineDefinition virt = define(options.split(" "));
        assertThat(names(virt))
                .containsExactlyElementsOf(controller == null ? List.of("gic") : List.of("gic", controller));
        if (slot(virt, "gic").deviceType().equals("arm-gicv3")) {
            assertThat(slot(virt, "gic").properties()).containsEntry("has-lpi", "its0".equals(controller));
        }
    }

    @Test
    void moreThan123ProcessorsTakeTheSecondRedistributorRegion() {
        assertThat(placement(define("smp=123"), "gic").regions()).doesNotContainKey("gicr1");
        assertThat(placement(define("smp=124"), "gic").regions()).containsEntry("gicr1", 0x40_0000_0000L);
    }

    @Test
    void ramIsWhereTheOptionsSay() {
        assertThat(define("memory=2G", "mem-path=/dev/shm/ram").ram())
                .containsExactly(
                        new MachineDefinition.RamBank("mach-virt.ram", 0x4000_0000L, 2L << 30, "/dev/shm/ram"));
        assertThat(define().ram().getFirst().size()).isEqualTo(512L << 20);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "gic-version=2 msi=its      | msi=its: GICv2 has no ITS: choose gic-version=3 or msi=gicv2m",
        "gic-version=2 its=on       | its=on: GICv2 has no ITS",
        "gic-version=host           | gic-version=host: there is a host's interrupt controller with accel=kvm only",
        "its=off msi=its            | contradicts its=off",
        "gic-version=2 smp=9        | smp=9: expected 1 to 8",
        "smp=513                    | smp=513: expected 1 to 512",
        "smp=0                      | smp=0",
        "smp=124 highmem-redists=off| expected 1 to 123",
        "smp=124 highmem=off        | expected 1 to 123",
        "gic-version=5              | one of 2, 3, max, host",
        "iommu=intel                | one of none, smmuv3",
        "highmem=off memory=4G      | Addressing limited to 32 bits, but memory exceeds it by 1073741824 bytes",
        "memory=0                   | memory=0x0",
        "memory=1000001             | multiple of 1M",
        "highmem-mmio-size=3T       | power of two",
        "highmem-mmio-size=256G     | from 512G",
        "virtio-mmio-transports=33  | virtio-mmio-transports=33: expected 0 to 32",
        "colour=red                 | no property 'colour'",
    })
    void contradictionsAreRefused(String options, String message) {
        assertThatThrownBy(() -> define(options.strip().split(" +")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void devicesThatShareSpisAreNamedAndRefusedOnRequest() {
        assertThat(names(define("msi=gicv2m", "iommu=smmuv3"))).containsExactly("gic", "v2m0", "smmu0");
        for (String gic : List.of("gic-version=2", "gic-version=3")) {
            assertThatThrownBy(() -> define(gic, "msi=gicv2m", "iommu=smmuv3", "shared-spis=refuse"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("SPIs 74 to 77 belong to both v2m0 and smmu0: choose another msi or iommu, or"
                            + " shared-spis=warn");
        }
        assertThat(names(define("iommu=smmuv3", "shared-spis=refuse"))).containsExactly("gic", "its0", "smmu0");
        assertThat(names(define("gic-version=2", "shared-spis=refuse"))).containsExactly("gic", "v2m0");
    }

    /** The reference map has them share; a warning would come at each start and name nothing that anybody did. */
    @Test
    void whatTheMapItselfSharesIsToldByTheOptionInsteadOfAWarning() {
        Logger logger = Logger.getLogger("dev.backplane.board.virt");
        List<String> told = new ArrayList<>();
        Handler handler = new ToldTo(told);
        logger.addHandler(handler);
        try {
            define("gic-version=2", "iommu=smmuv3");
        } finally {
            logger.removeHandler(handler);
        }
        assertThat(told).isEmpty();
        assertThat(machine.options())
                .filteredOn(option -> option.name().equals("shared-spis"))
                .singleElement()
                .satisfies(option -> assertThat(option.description()).contains("48 to 111", "74 to 77"));
    }

    private static final class ToldTo extends Handler {
        private final List<String> told;

        ToldTo(List<String> told) {
            this.told = told;
        }

        @Override
        public void publish(LogRecord entry) {
            told.add(entry.getMessage());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void emptyVirtioTransportsAreThereOnRequest() {
        MachineDefinition virt = define("virtio-mmio-transports=32");
        assertThat(names(virt)).containsExactly("gic", "its0", "virtio-mmio");
        assertThat(slot(virt, "virtio-mmio").properties()).isEqualTo(Map.of("transports", 32L));
        assertThat(placement(virt, "virtio-mmio").regions()).isEqualTo(Map.of("registers", 0x0A00_0000L));
    }

    @Test
    void theRootBusBypassesItsIommuWhenAsked() {
        assertThat(define("default-bus-bypass-iommu=on").rootBuses().getFirst().bypassesIommu()).isTrue();
    }
}
