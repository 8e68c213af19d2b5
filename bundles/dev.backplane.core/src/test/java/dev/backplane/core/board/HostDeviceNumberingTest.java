package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;

/** The address under which an IOMMU knows a host device, when software numbers buses anew. */
class HostDeviceNumberingTest extends HostDeviceBoard {
    @Test
    void behindAPortADeviceIsConnectedUnderTheAddressThatSoftwareGivesIt() throws Exception {
        plugIommu();
        board.plug(new DeviceRequest("pcie-root-port", "rp0", "", "2", Map.of()));
        board.plug(new DeviceRequest("pcie-root-port", "rp1", "", "3", Map.of()));
        board.plug(device("nic0", "rp0", "0", ONE));
        board.plug(device("nic1", "rp1", "0", TWO));
        assertThat(iommus.journal).contains("1 set 00:00.0 " + ONE, "1 unset 00:00.0", "1 set 00:00.0 " + TWO);
        assertThat(iommus.devices).isEmpty();
        assertThat(host.devices.get(ONE).table).as("blocked").isNull();

        number("00:02.0", 1);
        number("00:03.0", 2);
        assertThat(iommus.devices).containsEntry(0x100, ONE).containsEntry(0x200, TWO);
        assertThat(host.devices.get(ONE).table).isNotNull();

        // The two change places: neither keeps what is the other's now.
        number("00:02.0", 0);
        assertThat(iommus.devices.values()).containsExactly(TWO);
        assertThat(host.devices.get(ONE).table).as("blocked").isNull();
        number("00:03.0", 1);
        number("00:02.0", 2);
        assertThat(iommus.devices).containsExactlyInAnyOrderEntriesOf(Map.of(0x100, TWO, 0x200, ONE));
    }

    private void plugBehindPort() throws PlugException {
        plugIommu();
        board.plug(new DeviceRequest("pcie-root-port", "rp0", "", "2", Map.of()));
        board.plug(device("nic0", "rp0", "0", ONE));
        number("00:02.0", 1);
    }

    /** What an address may reach is its new owner's once the write is done. */
    @Test
    void aDeviceIsUnderItsNewAddressWhenTheWriteThatRenumbersReturns() throws Exception {
        plugBehindPort();
        number("00:02.0", 2);
        assertThat(iommus.devices).containsExactlyEntriesOf(Map.of(0x200, ONE));
        assertThat(iommus.journal).endsWith("1 unset 01:00.0", "1 set 02:00.0 " + ONE);
    }

    /** A host may take long for that, as it pins all memory of the guest. */
    @Test
    void aWriteThatRenumbersDoesNotWaitForTheHostThatMapsMemoryForAnotherDevice() throws Exception {
        plugBehindPort();
        List<Boolean> returned = new CopyOnWriteArrayList<>();
        host.onMap = () -> {
            var write = CompletableFuture.runAsync(() -> number("00:02.0", 7 + returned.size()));
            try {
                write.get(20, TimeUnit.SECONDS);
                returned.add(true);
            } catch (InterruptedException | ExecutionException | TimeoutException waits) {
                returned.add(false);
            }
        };
        board.plug(new DeviceRequest(
                HostDeviceModel.TYPE, "nic1", "", "6", Map.of("host", TWO, "iommufd", "another")));
        assertThat(returned).containsExactly(true, true);
        assertThat(iommus.journal).contains("1 set 08:00.0 " + ONE);
    }

    @Test
    void aDeviceIsBlockedWhenSoftwareRenumbersItsBusWhileTheIommuIsParked() throws Exception {
        plugBehindPort();
        bench.withdraw(iommuOffer);
        number("00:02.0", 2);
        assertThat(host.devices.get(ONE).table).as("blocked").isNull();
        assertThat(iommus.journal).doesNotContain("1 unset 01:00.0");
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.devices).containsExactlyEntriesOf(Map.of(0x200, ONE));
        assertThat(host.devices.get(ONE).table).isNotNull();
    }

    @Test
    void devicesThatChangePlacesWhileTheIommuIsParkedGetEachOthersAddress() throws Exception {
        plugBehindPort();
        board.plug(new DeviceRequest("pcie-root-port", "rp1", "", "3", Map.of()));
        board.plug(device("nic1", "rp1", "0", TWO));
        number("00:03.0", 2);
        bench.withdraw(iommuOffer);
        number("00:02.0", 0);
        number("00:03.0", 1);
        number("00:02.0", 2);
        host.journal.clear();
        iommus.journal.clear();
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.journal).filteredOn(line -> line.contains("set ")).containsExactly(
                "2 unset 01:00.0", "2 unset 02:00.0", "2 set 02:00.0 " + ONE, "2 set 01:00.0 " + TWO);
        assertThat(iommus.devices).containsExactlyInAnyOrderEntriesOf(Map.of(0x100, TWO, 0x200, ONE));
        assertThat(host.devices.get(ONE).table).isNotNull();
        assertThat(host.devices.get(TWO).table).isNotNull();
    }

    /** It was blocked under the address that it had meanwhile, and no model knows that. */
    @Test
    void aDeviceThatGetsItsAddressBackWhileTheIommuIsParkedIsNotLeftBlocked() throws Exception {
        plugBehindPort();
        bench.withdraw(iommuOffer);
        number("00:02.0", 2);
        number("00:02.0", 1);
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.devices).containsExactlyEntriesOf(Map.of(0x100, ONE));
        assertThat(host.devices.get(ONE).table).isNotNull();
    }

    /** In a hand-over the model before may have been saved: it is not asked, and its successor learns of it. */
    @Test
    void aDeviceWhoseBusIsRenumberedInTheMiddleOfAHandOverIsBlockedUntilThatIsOver() throws Exception {
        plugBehindPort();
        var tables = new ArrayList<FakeHost.Table>();
        iommus.onSave = () -> {
            number("00:02.0", 2);
            tables.add(host.devices.get(ONE).table);
        };
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(tables).as("blocked").containsOnlyNulls();
        assertThat(iommus.journal).endsWith("2 unset 01:00.0", "2 set 02:00.0 " + ONE);
        assertThat(iommus.devices).containsExactlyEntriesOf(Map.of(0x200, ONE));
        assertThat(host.devices.get(ONE).table).isNotNull();
    }

    @Test
    void aModelThatServesAgainAfterAHandOverThatFailedLearnsOfTheNewAddress() throws Exception {
        plugBehindPort();
        iommus.onSave = () -> {
            number("00:02.0", 2);
            throw new IllegalStateException("planted");
        };
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(board.slot("smmu0").orElseThrow().provider()).hasValue("iommu [20]");
        assertThat(iommus.devices).containsExactlyEntriesOf(Map.of(0x200, ONE));
        assertThat(host.devices.get(ONE).table).isNotNull();
    }
}
