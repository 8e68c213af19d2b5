package dev.backplane.board.virt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
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
    private MachineDefinition definition = define(Map.of());

    private MachineDefinition define(Map<String, String> options) {
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
        return view(Board.class, Map.of("machine", Optional.of(definition), "slots", views, "name", "b"));
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
}
