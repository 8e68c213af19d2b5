package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What becomes of host devices while their model or that of their IOMMU is away, and when the next one comes. */
class HostDeviceParkingTest extends HostDeviceBoard {
    @Test
    void anIommuThatComesBackIsAskedAboutWhatWasPluggedMeanwhile() throws Exception {
        plugIommu();
        bench.offer(bench.factory("pci-card"));
        bench.withdraw(iommuOffer);
        Slot unwanted = board.plug(new DeviceRequest("pci-card", "card0", "", "7", Map.of()));
        Slot gone = board.plug(new DeviceRequest("pci-card", "card1", "", "8", Map.of()));
        board.unplug(gone.name());
        assertThat(unwanted.state()).isEqualTo(Slot.State.RUNNING);
        iommus.journal.clear();
        iommus.supports = "modelled endpoints are not for me";
        bench.registry.offer(iommuOffer);
        bench.settled(board);
        bench.settled(board);
        assertThat(board.slot("smmu0").orElseThrow().state()).isEqualTo(Slot.State.RUNNING);
        assertThat(unwanted.state()).isEqualTo(Slot.State.FAILED);
        assertThat(unwanted.why().getFirst().reason())
                .contains("IOMMU smmu0", "modelled endpoints are not for me", "unplug it");
        assertThat(iommus.journal).filteredOn(line -> line.startsWith("supports")).hasSize(1);
        board.unplug("card0");
        iommus.supports = "";
        Slot wanted = board.plug(new DeviceRequest("pci-card", "card0", "", "7", Map.of()));
        assertThat(wanted.state()).isEqualTo(Slot.State.RUNNING);
    }

    /** A host that comes back has the device anew, and the guest has not set it up. */
    @Test
    void aDeviceWhoseHostWentIsRefusedUntilItIsPluggedAgain() throws Exception {
        plugIommu();
        Slot slot = plug("nic0", "3", ONE);
        plug("nic1", "4", TWO);
        bench.withdraw(deviceOffer);
        Arrays.fill(host.devices.get(ONE).config, (byte) -1);
        var back = new FakeHost();
        bench.platform.put(HostIommu.class, back);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        assertThat(slot.why()).first().satisfies(cause -> assertThat(cause.reason())
                .contains("the host that had " + ONE + " is gone: unplug nic0, and plug it again"));
        assertThat(iommus.devices).as("what is still there").containsOnlyKeys(0x20);
        board.unplug("nic0");
        host.device(ONE, 0);
        plug("nic0", "3", ONE);
        assertThat(back.journal).as("an iommufd of the host that is there").contains("open");
        board.unplug("nic0");
        board.unplug("nic1");
        assertThat(back.live).isEmpty();
    }

    @Test
    void aParkedDeviceStaysConnected() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        bench.withdraw(deviceOffer);
        assertThat(iommus.devices).containsValue(ONE);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(host.journal).isEmpty();
        board.unplug("nic0");
        assertThat(host.live).isEmpty();
    }

    @Test
    void aDeviceThatIsPluggedWhileTheIommuIsParkedIsBlockedUntilItIsBack() throws Exception {
        plugIommu();
        bench.withdraw(iommuOffer);
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        plug("nic0", "3", ONE);
        assertThat(host.devices.get(ONE).table).as("attached to nothing").isNull();
        assertThat(iommus.devices).isEmpty();
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.devices).containsValue(ONE);
        assertThat(host.devices.get(ONE).table.nesting).isTrue();
    }

    @Test
    void aDeviceThatIsUnpluggedWhileTheIommuIsParkedIsGivenBackWhenAModelCanLetGoOfIt() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        bench.withdraw(iommuOffer);
        board.unplug("nic0");
        assertThat(host.devices.get(ONE).table).as("blocked").isNull();
        assertThat(host.live).isNotEmpty();
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.journal).endsWith("2 set 00:03.0 " + ONE, "2 unset 00:03.0");
        assertThat(host.live).isEmpty();
    }
}
