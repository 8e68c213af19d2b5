package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.MsiRoutes.Fixup;
import dev.backplane.accelerator.MsiRoutes.Refusal;
import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.board.DeviceRequest;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.MsiDoorbell;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Where the routes of messages through the accelerator lead: how the doorbell behind an address is found, or not.
 */
class MessageRouteTest extends RoutedBoard {
    @Test
    void theIommuIsAskedForTheDoorbellBeforeTheAddressSpaceIsLookedAt() throws Exception {
        accelerated();
        iommus.untranslated = true;
        iommus.doorbell = new MsiDoorbell.Direct(DOORBELL);
        plugIommu();
        plugDevice();
        enableMsix(true);
        use(0, 0xFFFF_0000_0040L, 7);
        assertThat(route()).isEqualTo(new Route(
                0, function, "nic0", 0, 0xFFFF_0000_0040L, DOORBELL, 7, 0x18, Fixup.DIRECT));
        assertThat(kvm.table).containsEntry(0, new GsiRoute.Msi(0, DOORBELL, 7, 0x18));
        assertThat(iommus.translations).as("nobody walks a table").isZero();
    }

    @Test
    void inTheSystemsAddressSpaceTheAddressIsTaken() throws Exception {
        accelerated();
        iommus.untranslated = true;
        plugIommu();
        plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        assertThat(route().fixup()).isEqualTo(Fixup.UNTRANSLATED);
        assertThat(route().doorbell()).isEqualTo(DOORBELL);
        devices.last().used.get("msix0").signal();
        assertThat(received()).isEqualTo(7);
    }

    @Test
    void withoutAnIommuTheAddressIsTaken() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        use(2, DOORBELL, 9);
        assertThat(route()).isEqualTo(new Route(0, function, "nic0", 2, DOORBELL, DOORBELL, 9, 0x18, Fixup.UNTRANSLATED));
    }

    @Test
    void elseTheAddressIsTranslatedAsAWriteOfTheFunctionWouldBe() throws Exception {
        accelerated();
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        plugDevice();
        enableMsix(true);
        use(0, 0x1040, 7);
        assertThat(route().fixup()).isEqualTo(Fixup.TRANSLATED);
        assertThat(route().iova()).isEqualTo(0x1040);
        assertThat(route().doorbell()).isEqualTo(DOORBELL);
        devices.last().used.get("msix0").signal();
        assertThat(received()).isEqualTo(7);
    }

    @Test
    void anIommuThatHasNoDoorbellRefusesTheRoute() throws Exception {
        accelerated();
        iommus.untranslated = true;
        iommus.doorbell = new MsiDoorbell.Refuse("the board has no MSI controller");
        plugIommu();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        assertThat(routes()).isEmpty();
        assertThat(device.used).isEmpty();
        assertThat(refusals()).first()
                .isEqualTo(new Refusal("nic0", 0, DOORBELL, "the board has no MSI controller"));
        assertThat(board.counters()).containsEntry("msi-routes-refused", 1L);
    }

    @Test
    void aFaultRefusesTheRouteAndTheOneBeforeStays() throws Exception {
        accelerated();
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, 0x1040, 7);
        iommus.offset = null;
        program(0, 0x9040, 8);
        assertThat(route().doorbell()).isEqualTo(DOORBELL);
        assertThat(route().data()).isEqualTo(7);
        assertThat(refusals()).first().satisfies(refusal -> {
            assertThat(refusal.iova()).isEqualTo(0x9040);
            assertThat(refusal.reason()).contains("smmu0").contains("terminates a write to IOVA 0x9040");
        });
        assertThat(device.used).containsOnlyKeys("msix0");
        iommus.offset = DOORBELL - 0x9040;
        program(0, 0x9040, 8);
        assertThat(route().data()).isEqualTo(8);
    }

    @Test
    void aRouteThatAParkedIommuCouldNotFindIsFoundWhenItIsBack() throws Exception {
        accelerated();
        plugIommu();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        bench.withdraw(iommuOffer);
        use(0, DOORBELL, 7);
        assertThat(routes()).isEmpty();
        assertThat(refusals()).first()
                .satisfies(refusal -> assertThat(refusal.reason()).contains("slot smmu0, the IOMMU, is parked"));
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(route().fixup()).isEqualTo(Fixup.TRANSLATED);
        assertThat(device.used).containsOnlyKeys("msix0");
    }

    @Test
    void renumberingChangesTheDeviceIdOfTheRoute() throws Exception {
        accelerated();
        board.plug(new DeviceRequest("pcie-root-port", "rp0", "", "2", Map.of()));
        board.plug(new DeviceRequest(HostDeviceModel.TYPE, "nic0", "rp0", "0", Map.of("host", HOST)));
        Bdf port = Bdf.parse("00:02.0");
        number(port, 1);
        board.pci().writeConfig(board.epochs().context(), port, 0x20, 4, 0x1000_1000);
        board.pci().writeConfig(board.epochs().context(), port, 4, 2, 7);
        function = Bdf.parse("01:00.0");
        enumerate();
        enableMsix(true);
        use(0, DOORBELL, 7);
        assertThat(route().deviceId()).isEqualTo(0x100);
        number(port, 5);
        assertThat(route().deviceId()).isEqualTo(0x500);
        assertThat(route().function()).isEqualTo(Bdf.parse("05:00.0"));
    }

    private void number(Bdf bridge, int bus) {
        board.pci().writeConfig(board.epochs().context(), bridge, 0x18, 4, bus << 16 | bus << 8);
    }

    @Test
    void theInjectedMessageIsTheAcceleratorsWriteAndReachesDoorbellsOnly() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, FakeMachine.RAM, 7);
        var writes = new ArrayList<Long>();
        try (var recording = board.record("kvm", (write, address, length) -> writes.add(address))) {
            assertThat(recording).isNotNull();
            device.used.get("msix0").signal();
            assertThat(writes).isEmpty();
            assertThat(Bench.read(board, FakeMachine.RAM)).isZero();
            program(0, DOORBELL, 7);
            device.used.get("msix0").signal();
        }
        assertThat(writes).containsExactly(DOORBELL);
    }
}
