package dev.backplane.board.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.Placement;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.device.DeviceProperties;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DevicePlacementTest {
    private final VirtMachine machine = new VirtMachine();
    private final List<SlotDefinition> slots = new ArrayList<>();
    private Map<String, String> given = Map.of();
    private MachineDefinition definition = define(Map.of());

    private MachineDefinition define(Map<String, String> options) {
        given = options;
        MachineDefinition defined =
                machine.define(DeviceProperties.of("machine virt", machine.options(), options));
        slots.clear();
        slots.addAll(defined.slots());
        return defined;
    }

    private SlotDefinition plug(String type, String id, String bus, String address, Map<String, String> properties)
            throws PlugException {
        SlotDefinition slot = machine.prePlug(board(), new DeviceRequest(type, id, bus, address, properties));
        slots.add(slot);
        return slot;
    }

    private SlotDefinition plug(String type) throws PlugException {
        return plug(type, "", "", "", Map.of());
    }

    private SlotDefinition smmu(String bus) throws PlugException {
        return plug("arm-smmuv3", "", "", "", bus.isEmpty() ? Map.of() : Map.of("primary-bus", bus));
    }

    /** A board as far as placement looks at it. */
    private Board board() {
        List<Slot> views = slots.stream()
                .map(slot -> view(Slot.class, Map.of("definition", slot)))
                .toList();
        return view(Board.class, Map.of("machine", Optional.of(definition), "slots", views, "name", "b",
                "definition", new BoardDefinition("b", "virt", given, List.of())));
    }

    private static <T> T view(Class<T> type, Map<String, Object> answers) {
        Class<?>[] types = {type};
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), types, (proxy, method, arguments) -> {
            if (!answers.containsKey(method.getName())) {
                throw new AssertionError("placement must not ask for " + method.getName());
            }
            return answers.get(method.getName());
        }));
    }

    @Test
    void functionsTakeTheNextFreeDeviceOfTheDefaultBus() throws PlugException {
        assertThat(plug("edu").placement()).isEqualTo(new Placement.Pci("pcie.0", 0x08));
        assertThat(plug("edu", "fixed", "", "03.0", Map.of()).placement())
                .isEqualTo(new Placement.Pci("pcie.0", 0x18));
        assertThat(plug("iommu-testdev").placement()).isEqualTo(new Placement.Pci("pcie.0", 0x10));
        assertThat(plug("edu").placement()).isEqualTo(new Placement.Pci("pcie.0", 0x20));
        assertThat(slots.subList(2, slots.size()).stream().map(SlotDefinition::name))
                .containsExactly("edu0", "fixed", "iommu-testdev0", "edu1");
        assertThat(slots.subList(2, slots.size())).allMatch(SlotDefinition::userCreated);
    }

    @Test
    void aRootPortHasRoomForOneDevice() throws PlugException {
        plug("pcie-root-port", "rp0", "", "", Map.of());
        assertThat(plug("edu", "", "rp0", "", Map.of()).placement()).isEqualTo(new Placement.Pci("rp0", 0));
        assertThatThrownBy(() -> plug("edu", "", "rp0", "", Map.of()))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("rp0");
    }

    @Test
    void unknownBusesAndAddressesAreRefused() {
        assertThatThrownBy(() -> plug("edu", "", "pcie.7", "", Map.of()))
                .hasMessage("Bus 'pcie.7' not found: expected pcie.0");
        assertThatThrownBy(() -> plug("edu", "", "", "01:03.0", Map.of())).hasMessageContaining("addr=01:03.0");
        assertThatThrownBy(() -> plug("edu", "", "", "xyz", Map.of())).hasMessageContaining("addr=xyz");
    }

    @Test
    void userSmmusGoToThePlatformBus() throws PlugException {
        plug("pxb-pcie", "pxb1", "", "", Map.of("bus_nr", "8"));
        var first = (Placement.SystemBus) smmu("pcie.0").placement();
        var second = (Placement.SystemBus) smmu("pxb1").placement();
        assertThat(first.regions()).isEqualTo(Map.of("registers", 0x0C00_0000L));
        assertThat(first.lines())
                .isEqualTo(Map.of(
                        "eventq", new Placement.Wire("gic", 0x70 + 32),
                        "priq", new Placement.Wire("gic", 0x71 + 32),
                        "cmdq-sync", new Placement.Wire("gic", 0x72 + 32),
                        "gerror", new Placement.Wire("gic", 0x73 + 32)));
        assertThat(second.regions()).isEqualTo(Map.of("registers", 0x0C02_0000L));
        assertThat(second.lines()).containsEntry("eventq", new Placement.Wire("gic", 0x74 + 32));
        assertThat(slots.getLast().name()).isEqualTo("smmu1");
        slots.removeIf(slot -> slot.name().equals("smmu0"));
        assertThat(((Placement.SystemBus) smmu("pcie.0").placement()).regions())
                .isEqualTo(Map.of("registers", 0x0C00_0000L));
    }

    @Test
    void smmusThatCannotBeAttachedAreRefused() throws PlugException {
        assertThatThrownBy(() -> smmu("")).hasMessageContaining("SMMU is not attached to any PCI bus!");
        plug("pcie-root-port", "rp0", "", "", Map.of());
        assertThatThrownBy(() -> smmu("rp0"))
                .hasMessageContaining("SMMU should be attached to a default PCIe root complex(pcie.0) or a pxb-pcie"
                        + " based root complex");
        plug("pxb-pcie", "bypassed", "", "", Map.of("bus_nr", "9", "bypass_iommu", "on"));
        assertThatThrownBy(() -> smmu("bypassed"))
                .hasMessageContaining("Bypass option cannot be set for SMMUv3 associated PCIe RC");
        smmu("pcie.0");
        assertThatThrownBy(() -> smmu("pcie.0")).hasMessageContaining("An iommu is already attached to this bus");
    }

    @Test
    void theMachinesOwnSmmuExcludesOthers() {
        definition = define(Map.of("iommu", "smmuv3"));
        assertThatThrownBy(() -> smmu("pcie.0"))
                .hasMessageContaining("virt machine already has smmuv3 set. Doesn't support incompatible iommus");
    }

    @Test
    void thePlatformBusHasRoomForSixteenSmmus() throws PlugException {
        for (int i = 0; i < 16; i++) {
            plug("pxb-pcie", "pxb" + i, "", "", Map.of("bus_nr", Integer.toString(8 * i + 8)));
            smmu("pxb" + i);
        }
        plug("pxb-pcie", "last", "", "", Map.of("bus_nr", "200"));
        assertThatThrownBy(() -> smmu("last")).hasMessageContaining("16 SMMUs");
    }

    // MSI controllers beside the machine's own

    private SlotDefinition its(String bus) throws PlugException {
        return plug("arm-gicv3-its", "", "", "", bus.isEmpty() ? Map.of() : Map.of("root-bus", bus));
    }

    private SlotDefinition frame(Map<String, String> properties) throws PlugException {
        return plug("arm-gicv2m", "", "", "", properties);
    }

    @Test
    void anItsForARootComplexOfItsOwn() throws PlugException {
        plug("pxb-pcie", "pxb1", "", "", Map.of("bus_nr", "8"));
        SlotDefinition second = its("pxb1");
        assertThat(second.name()).isEqualTo("its1");
        assertThat(second.properties()).isEqualTo(Map.of("parent-gic", "gic", "root-bus", "pxb1"));
        assertThat(second.placement())
                .isEqualTo(new Placement.SystemBus(Map.of("its", 0x0C20_0000L), Map.of()));
        smmu("pxb1");
        assertThatThrownBy(() -> its("pxb1")).hasMessageContaining("MSIs of bus pxb1 go to its1 already");
        assertThatThrownBy(() -> its("pxb2")).hasMessageContaining("root-bus=pxb2: expected pcie.0");
    }

    @Test
    void anMsiControllerComesBeforeTheSmmuThatHasToKnowIt() throws PlugException {
        plug("pxb-pcie", "pxb1", "", "", Map.of("bus_nr", "8"));
        smmu("pxb1");
        assertThatThrownBy(() -> its("pxb1"))
                .hasMessageContaining("smmu0 governs bus pxb1")
                .hasMessageContaining("before the SMMU");
        assertThatThrownBy(() -> its("")).hasMessageContaining("set root-bus to another bus");
        assertThat(its("pcie.0").properties()).containsEntry("root-bus", "pcie.0");
    }

    @Test
    void anItsWhoseGicTakesNoLpisIsRefused() {
        define(Map.of("gic-version", "2"));
        assertThatThrownBy(() -> its("pcie.0")).hasMessageContaining("arm_gic of this machine takes no LPIs");
        define(Map.of("its", "off"));
        assertThatThrownBy(() -> its("pcie.0")).hasMessageContaining("choose gic-version=3 and msi=its");
    }

    @Test
    void severalFramesTakeFreeSpis() throws PlugException {
        definition = define(Map.of("gic-version", "2"));
        SlotDefinition second = frame(Map.of("root-bus", "pcie.0"));
        assertThat(second.name()).isEqualTo("v2m1");
        assertThat(second.properties()).containsEntry("base-spi", 208L).containsEntry("num-spi", 32L);
        var place = (Placement.SystemBus) second.placement();
        assertThat(place.regions()).isEqualTo(Map.of("v2m", 0x0C40_0000L));
        assertThat(place.lines())
                .hasSize(32)
                .containsEntry("spi0", new Placement.Wire("gic", 208))
                .containsEntry("spi31", new Placement.Wire("gic", 239));
        SlotDefinition third = frame(Map.of("num-spi", "0x30"));
        assertThat(third.properties()).containsEntry("base-spi", 240L).containsEntry("num-spi", 48L);
        assertThatThrownBy(() -> frame(Map.of())).hasMessageContaining("expected SPIs within INTIDs 32 to 287");
        assertThatThrownBy(() -> frame(Map.of("num-spi", "none"))).hasMessageContaining("num-spi");
        slots.removeIf(slot -> slot.name().equals("v2m1"));
        assertThat(frame(Map.of("num-spi", "16")).properties()).containsEntry("base-spi", 208L);
    }

    @Test
    void aFrameOnSpisOfAnotherDeviceIsRefusedWhenTheMachineIsStrict() throws PlugException {
        definition = define(Map.of("gic-version", "2"));
        assertThat(frame(Map.of("base-spi", "144", "num-spi", "1")).name()).isEqualTo("v2m1");
        definition = define(Map.of("gic-version", "2", "shared-spis", "refuse"));
        assertThatThrownBy(() -> frame(Map.of("base-spi", "136", "num-spi", "9")))
                .hasMessageContaining("SPIs 104 to 111 belong to both v2m0 and v2m1");
        assertThatThrownBy(() -> frame(Map.of("base-spi", "38", "num-spi", "1")))
                .hasMessageContaining("SPI 6 belongs to both pcie.0 and v2m1");
        smmu("pcie.0");
        assertThatThrownBy(() -> frame(Map.of("base-spi", "147", "num-spi", "4", "root-bus", "pcie.0")))
                .isInstanceOf(PlugException.class);
    }
}
