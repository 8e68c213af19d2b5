package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.DeviceRequest;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Host devices that come and go, behind an IOMMU or without: what the host is asked for. */
class HostDeviceTest extends HostDeviceBoard {
    @Test
    void withoutAnIommuTheDeviceReachesTheGuestsMemory() throws Exception {
        plug("nic0", "3", ONE);
        assertThat(host.journal).containsExactly(
                "open", "ioas", "map 0x40000000 0x10000", "bind " + ONE, "hwpt", "attach " + ONE);
        board.unplug("nic0");
        assertThat(host.live).isEmpty();
    }

    @Test
    void theModelItselfStartsNoDma() throws Exception {
        plug("nic0", "3", ONE);
        var port = devices.last().context.dma();
        assertThat(port.write(board.epochs().context(), FakeMachine.RAM, 4, 1)).isEqualTo(Fault.BUS_MASTER_DISABLED);
    }

    @Test
    void devicesOfOneIommufdShareTheirMemoryAndTheTableThatGoesWithTheirSmmu() throws Exception {
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        plugIommu();
        plug("nic0", "3", ONE);
        plug("nic1", "4", TWO);
        plug("nic2", "5", ELSEWHERE);
        assertThat(host.journal).filteredOn(step -> step.equals("open")).hasSize(1);
        assertThat(host.journal).filteredOn(step -> step.equals("hwpt nesting")).hasSize(2);
        assertThat(host.devices.get(ONE).table).isSameAs(host.devices.get(TWO).table);
        assertThat(iommus.journal).contains(
                "supports ASSIGNED_ENDPOINT", "1 set 00:03.0 " + ONE, "1 set 00:04.0 " + TWO);
        board.unplug("nic0");
        assertThat(iommus.journal).endsWith("1 unset 00:03.0");
        assertThat(tables()).isEqualTo(2);
        board.unplug("nic1");
        assertThat(tables()).isEqualTo(1);
        board.unplug("nic2");
        assertThat(host.live).isEmpty();
    }

    @Test
    void aDeviceWithoutAnIommufdHasAContainerOfItsOwn() throws Exception {
        devices.withIommufd = false;
        plugIommu();
        plug("nic0", "3", ONE);
        plug("nic1", "4", TWO);
        assertThat(host.journal).filteredOn(step -> step.equals("open")).hasSize(2);
        assertThat(iommus.journal).contains("supports ASSIGNED_ENDPOINT_WITHOUT_IOMMUFD");
    }

    @Test
    void aRefusalAtAnyStepLeavesNothingBehindAndChangesNothing() throws Exception {
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        plugIommu();
        plug("nic0", "3", TWO);
        plug("nic2", "5", ELSEWHERE);
        board.unplug("nic2");
        int before = host.live.size();
        // A device behind another SMMU of the host: it shares the memory and needs a table of its own.
        for (int step = 1; step <= 3; step++) {
            host.failAt(step);
            assertThatThrownBy(() -> plug("nic1", "4", ELSEWHERE)).hasMessageContaining("ENOMEM: planted");
            assertThat(host.live).as("step " + step).hasSize(before);
            assertThat(iommus.devices.values()).containsExactly(TWO);
            assertThat(board.slot("nic1")).isEmpty();
        }
        board.unplug("nic0");
        assertThat(host.live).isEmpty();
        // The first device: everything has to be made.
        for (int step = 1; step <= 6; step++) {
            host.failAt(step);
            assertThatThrownBy(() -> plug("nic1", "4", ONE)).hasMessageContaining("ENOMEM: planted");
            assertThat(host.live).as("step " + step).isEmpty();
            assertThat(iommus.devices).isEmpty();
        }
        host.failAt(0);
        plug("nic1", "4", ONE);
    }

    @Test
    void aDeviceThatTheIommuDoesNotTakeIsNotPlugged() throws Exception {
        iommus.refusal = "the host has no 16 KiB granule";
        plugIommu();
        assertThatThrownBy(() -> plug("nic0", "3", ONE)).hasMessageContaining("the host has no 16 KiB granule");
        assertThat(host.live).isEmpty();
        iommus.supports = "not allowed here";
        host.journal.clear();
        assertThatThrownBy(() -> plug("nic0", "3", ONE)).hasMessageContaining("slot nic0: not allowed here");
        assertThat(host.journal).as("asked before the host is").isEmpty();
    }

    @Test
    void aModelThatFailsAfterItHasConnectedLeavesNothingBehind() throws Exception {
        plugIommu();
        devices.failsLate = true;
        assertThatThrownBy(() -> plug("nic0", "3", ONE)).hasMessageContaining("the device does not answer");
        assertThat(host.live).isEmpty();
        assertThat(iommus.devices).isEmpty();
    }

    /** Its DMA may be under way with addresses that the guest's tables translate. */
    @Test
    void aDeviceThatIsUnpluggedNeverReachesMemoryUntranslated() throws Exception {
        iommus.lettingPass = true;
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        board.unplug("nic0");
        assertThat(iommus.journal).endsWith("1 unset 00:03.0");
        assertThat(host.journal).noneMatch(step -> step.startsWith("attach"));
        assertThat(host.live).isEmpty();
    }

    @Test
    void aDeviceWhoseBusLosesItsNumberNeverReachesMemoryUntranslated() throws Exception {
        iommus.lettingPass = true;
        plugIommu();
        board.plug(new DeviceRequest("pcie-root-port", "rp0", "", "2", Map.of()));
        board.plug(device("nic0", "rp0", "0", ONE));
        number("00:02.0", 1);
        host.journal.clear();
        number("00:02.0", 0);
        assertThat(host.devices.get(ONE).table).as("blocked").isNull();
        assertThat(host.journal).noneMatch(step -> step.startsWith("attach"));
    }

    @Test
    void whatTheHostRefusesOnTheWayOutLeavesNothingBehind() throws Exception {
        plug("nic0", "3", ONE);
        plug("nic1", "4", ELSEWHERE);
        host.devices.get(ONE).refusesToDetach = true;
        board.unplug("nic0");
        assertThat(tables()).as("the table of the other one").isEqualTo(1);
        board.unplug("nic1");
        assertThat(host.live).isEmpty();
    }

    @Test
    void aSwapThatNamesAnotherIommufdIsRefusedByItsName() throws Exception {
        plug("nic0", "3", ONE);
        assertThatThrownBy(() -> board.swap("nic0", Map.of("iommufd", "another")))
                .hasMessageContaining("slot nic0 has host device " + ONE + " with iommufd='fd0': unplug it, and plug "
                        + "one with iommufd='another'");
    }

    @Test
    void whenTheIommuGoesForGoodTheDeviceReachesMemory() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        board.unplug("smmu0");
        assertThat(iommus.journal).endsWith("1 unset 00:03.0");
        assertThat(host.devices.get(ONE).table).isNotNull();
    }
}
