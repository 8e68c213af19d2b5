package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.pci.PcieRootPortFactory;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Host devices behind the IOMMUs of a board: what the host is asked for, and that it gets everything back. */
class HostDeviceTest {
    private static final String ONE = "0000:01:00.0";
    private static final String TWO = "0000:02:00.0";
    private static final String ELSEWHERE = "0000:81:00.0";

    private final Bench bench = new Bench();
    private final FakeHost host = new FakeHost();
    private final HostDeviceModel.Factory devices = new HostDeviceModel.Factory(host);
    private final IommuModel.Factory iommus = new IommuModel.Factory();
    private Offer deviceOffer;
    private Offer iommuOffer;
    private Board board;

    @BeforeEach
    void compose() {
        host.device(ONE, 0);
        host.device(TWO, 0);
        host.device(ELSEWHERE, 1);
        bench.platform.put(HostIommu.class, host);
        bench.registry.machineTypeArrived("fake", new HostMachine(AcceleratorChoice.NONE));
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        deviceOffer = devices.offer(10);
        iommuOffer = iommus.offer(20);
        bench.registry.offer(deviceOffer);
        bench.registry.offer(iommuOffer);
        var ports = new PcieRootPortFactory();
        bench.registry.offer(new Offer(30, 30, 0, ports.type(), 30, "core", ports, FactoryCondition.ALWAYS));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
    }

    @AfterEach
    void close() {
        bench.close();
        assertThat(host.live).as("what the host has given away").isEmpty();
    }

    private static DeviceRequest device(String id, String bus, String address, String onHost) {
        return new DeviceRequest(HostDeviceModel.TYPE, id, bus, address, Map.of("host", onHost));
    }

    private Slot plug(String id, String address, String onHost) throws PlugException {
        return board.plug(device(id, "", address, onHost));
    }

    private void plugIommu() throws PlugException {
        board.plug(new DeviceRequest(IommuModel.TYPE, "smmu0", "", "", Map.of("primary-bus", "pcie.0")));
    }

    private long tables() {
        return host.live.stream().filter(FakeHost.Table.class::isInstance).count();
    }

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
    void aSuccessorOfTheDevicesModelFindsEverythingInPlace() throws Exception {
        plugIommu();
        Slot slot = plug("nic0", "3", ONE);
        host.journal.clear();
        iommus.journal.clear();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        bench.withdraw(deviceOffer);
        assertThat(slot.handOvers()).isOne();
        assertThat(host.journal).isEmpty();
        assertThat(iommus.journal).isEmpty();
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
    void aSwapThatNamesAnotherIommufdIsRefusedByItsName() throws Exception {
        plug("nic0", "3", ONE);
        assertThatThrownBy(() -> board.swap("nic0", Map.of("iommufd", "another")))
                .hasMessageContaining("slot nic0 has host device " + ONE + " with iommufd='fd0': unplug it, and plug "
                        + "one with iommufd='another'");
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
    void aSuccessorOfTheIommuForTheSamePurposeAdoptsTheDevice() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(host.journal).as("hardware is left as it is").isEmpty();
        assertThat(iommus.journal).endsWith("2 set 00:03.0 " + ONE);
        bench.withdraw(iommuOffer);
        board.unplug("nic0");
        assertThat(iommus.journal).endsWith("2 unset 00:03.0");
    }

    @Test
    void aSuccessorThatAlsoWantsSubstreamsAdoptsTheDevice() throws Exception {
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        iommus.flags.add(ViommuFlag.PASID_SUPPORTED);
        iommus.silent = true;
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(host.journal).as("hardware is left as it is").isEmpty();
        assertThat(iommus.journal).endsWith("2 set 00:03.0 " + ONE);
        assertThat(board.slot("smmu0").orElseThrow().handOvers()).isOne();
    }

    @Test
    void aSuccessorOfAnotherKindGetsTheDeviceFromItsPredecessor() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.journal).containsSubsequence("1 set 00:03.0 " + ONE, "2 set 00:03.0 " + ONE, "1 unset 00:03.0");
        assertThat(host.devices.get(ONE).table.nesting).isTrue();
        assertThat(tables()).isEqualTo(1);
    }

    @Test
    void aSuccessorOfAnotherKindSaysWhereTheDmaGoesBeforeThePredecessorLetsGo() throws Exception {
        iommus.lettingPass = true;
        for (boolean pass : new boolean[] {false, true}) {
            iommus.says = pass;
            iommus.flags.clear();
            plugIommu();
            plug("nic0", "3", ONE);
            host.journal.clear();
            iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
            Offer next = iommus.offer(21);
            bench.registry.offer(next);
            bench.settled(board);
            assertThat(host.journal).containsExactly("hwpt nesting", pass ? "attach " + ONE : "detach " + ONE);
            assertThat(tables()).isEqualTo(1);
            iommus.says = null;
            board.unplug("nic0");
            board.unplug("smmu0");
            bench.withdraw(next);
        }
    }

    @Test
    void aSuccessorThatDoesNotTakeTheDeviceDoesNotServe() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        var picky = new IommuModel.Factory();
        picky.refusal = "the host's SMMU is another one";
        bench.registry.offer(picky.offer(21));
        bench.settled(board);
        Slot smmu = board.slot("smmu0").orElseThrow();
        assertThat(smmu.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(smmu.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[20]"));
        assertThat(smmu.history()).anySatisfy(
                entry -> assertThat(entry.detail()).contains("the host's SMMU is another one"));
        assertThat(iommus.devices).containsValue(ONE);
    }

    // Another kind of IOMMU, by a swap

    private IommuModel.Factory composeWithTwoKinds() throws Exception {
        bench.withdraw(iommuOffer);
        bench.registry.offer(iommus.offer(20, "(!(accel=on))"));
        var nesting = new IommuModel.Factory();
        nesting.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        bench.registry.offer(nesting.offer(21, "(accel=on)"));
        plugIommu();
        plug("nic0", "3", ONE);
        plug("nic1", "4", TWO);
        return nesting;
    }

    private void assertServedByTheFirstKind() {
        bench.settled(board);
        bench.settled(board);
        assertThat(board.slot("smmu0").orElseThrow().provider()).hasValue("iommu [20]");
        assertThat(board.slot("smmu0").orElseThrow().definition().properties()).doesNotContainKey("accel");
        assertThat(iommus.devices).containsOnlyKeys(0x18, 0x20);
        assertThat(tables()).isOne();
        for (String device : List.of(ONE, TWO)) {
            assertThat(host.devices.get(device).table).as(device).isNotNull();
            assertThat(host.devices.get(device).table.nesting).isFalse();
        }
    }

    @Test
    void aSwapThatTheHostRefusesHalfWayLeavesTheDevicesToTheModelBefore() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        int before = host.live.size();
        // The table that both share, the first device on it, the second one.
        for (int step = 1; step <= 3; step++) {
            host.failAt(step);
            assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                    .as("step " + step)
                    .isInstanceOf(PlugException.class)
                    .hasMessageContaining("ENOMEM: planted");
            assertThat(nesting.devices).as("step " + step).isEmpty();
            assertServedByTheFirstKind();
            assertThat(host.live).as("step " + step).hasSize(before);
        }
        host.failAt(0);
        board.swap("smmu0", Map.of("accel", "on"));
        assertThat(nesting.devices).containsOnlyKeys(0x18, 0x20);
        assertThat(tables()).isOne();
        assertThat(host.devices.get(TWO).table.nesting).isTrue();
    }

    @Test
    void aModelThatWantsANestingParentHasToSayWhereTheDmaGoes() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        board.unplug("nic1");
        nesting.silent = true;
        assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                .hasMessageContaining("host device " + ONE + ": slot smmu0, the IOMMU, wants a nesting parent and has "
                        + "left the device on the page table before");
        assertThat(nesting.devices).isEmpty();
        bench.settled(board);
        plug("nic1", "4", TWO);
        assertServedByTheFirstKind();
    }

    @Test
    void aRefusalIsNotHiddenByADeviceThatCannotBeStopped() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        nesting.refusal = "the host's SMMU is another one";
        host.devices.get(ONE).refusesToDetach = true;
        assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                .hasMessageContaining("the host's SMMU is another one");
        assertServedByTheFirstKind();
        host.devices.get(ONE).refusesToDetach = false;
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

    @Test
    void whenTheIommuGoesForGoodTheDeviceReachesMemory() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        board.unplug("smmu0");
        assertThat(iommus.journal).endsWith("1 unset 00:03.0");
        assertThat(host.devices.get(ONE).table).isNotNull();
    }

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

    private void number(String bridge, int bus) {
        board.pci().writeConfig(board.epochs().context(), Bdf.parse(bridge), 0x18, 4, bus << 16 | bus << 8);
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

    // Configuration space

    private int config(int offset, int size) {
        return board.pci().readConfig(board.epochs().context(), Bdf.parse("00:03.0"), offset, size);
    }

    private void config(int offset, int size, int value) {
        board.pci().writeConfig(board.epochs().context(), Bdf.parse("00:03.0"), offset, size, value);
    }

    @Test
    void whatTheEngineDoesNotEmulateIsTheDevices() throws Exception {
        plug("nic0", "3", ONE);
        byte[] device = host.devices.get(ONE).config;
        for (int at = 0; at < device.length; at++) {
            device[at] = (byte) (0xA0 | at & 0xF);
        }
        assertThat(config(0, 4)).as("IDs").isEqualTo(0x1234_8086);
        assertThat(config(0x34, 1)).as("first capability").isGreaterThanOrEqualTo(0x40);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY, 1)).as("a described header").isEqualTo(0x09);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY + 2, 2)).as("its body").isEqualTo(0xA3A2);
        assertThat(config(HostDeviceModel.VENDOR_CAPABILITY, 4) >>> 16).as("both in one access").isEqualTo(0xA3A2);
        assertThat(config(0xE0, 4)).as("what nobody described").isEqualTo(0xA3A2A1A0);
        assertThat(config(0x200, 4)).isEqualTo(0xA3A2A1A0);

        config(HostDeviceModel.VENDOR_CAPABILITY, 4, 0x55667788);
        assertThat(devices.journal).contains("config 0xc2 2 0x5566");
        assertThat(device[HostDeviceModel.VENDOR_CAPABILITY]).as("the header is not written").isEqualTo((byte) 0xA0);
        config(0x04, 2, 0x406);
        assertThat(devices.journal).endsWith("master on, pin off");
        assertThat(device[4]).isEqualTo((byte) 0xA4);
    }

    /** Its pin may reach the interrupt controller past the engine, so the engine cannot know. */
    @Test
    void interruptStatusIsTheDevices() throws Exception {
        plug("nic0", "3", ONE);
        byte[] device = host.devices.get(ONE).config;
        device[6] = (byte) 0xFF;
        assertThat(config(6, 2)).isEqualTo(0x18);
        assertThat(config(6, 1)).isEqualTo(0x18);
        assertThat(config(4, 4)).isEqualTo(0x18_0000);
        assertThat(config(7, 1)).isZero();
        config(4, 2, 0x400);
        assertThat(config(6, 2)).as("Interrupt Disable").isEqualTo(0x18);
        bench.withdraw(deviceOffer);
        assertThat(config(6, 2)).as("the device is there still").isEqualTo(0x18);
        device[6] = 0;
        assertThat(config(6, 2)).isEqualTo(0x10);
    }

    @Test
    void whileNoModelServesReadsAnswerWhatWasThereAndWritesWait() throws Exception {
        plug("nic0", "3", ONE);
        host.devices.get(ONE).config[0xE0] = 0x11;
        assertThat(config(0xE0, 1)).isEqualTo(0x11);
        bench.withdraw(deviceOffer);
        host.devices.get(ONE).config[0xE0] = 0x22;
        assertThat(config(0xE0, 1)).isEqualTo(0x11);
        config(0xE4, 1, 0x33);
        assertThat(host.devices.get(ONE).config[0xE4]).isZero();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(host.devices.get(ONE).config[0xE4]).isEqualTo((byte) 0x33);
        assertThat(config(0xE0, 1)).isEqualTo(0x22);
    }

    /** Software takes bus mastering away to rely on it, so the hardware learns of it at once. */
    @Test
    void whileNoModelServesCommandReachesTheHardware() throws Exception {
        plug("nic0", "3", ONE);
        config(0x04, 2, 0x6);
        bench.withdraw(deviceOffer);
        byte[] device = host.devices.get(ONE).config;
        config(0x04, 2, 0x402);
        assertThat(device[4]).as("memory space").isEqualTo((byte) 0x02);
        assertThat(device[5]).as("interrupt disable").isEqualTo((byte) 0x04);
        config(0x04, 2, 0x6);
        assertThat(device[4]).as("memory space, bus master").isEqualTo((byte) 0x06);
        assertThat(device[5]).isZero();
    }

    /** Software may go on for as long as it likes. */
    @Test
    void ofWritesThatWaitForAModelTheLastOfEachPlaceCounts() throws Exception {
        plug("nic0", "3", ONE);
        bench.withdraw(deviceOffer);
        devices.journal.clear();
        for (int i = 0; i < 1_000; i++) {
            config(0xE4, 4, i);
            config(0xE4, 1, i);
        }
        config(0xE8, 2, 1);
        config(0xE4, 4, 0x1234);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.startsWith("config"))
                .containsExactly("config 0xe4 1 0xe7", "config 0xe8 2 0x1", "config 0xe4 4 0x1234");
    }

    // Resets while a model is away

    @Test
    void hardwareWhoseModelIsAwayIsResetAtOnceAndNothingWaitsFromBefore() throws Exception {
        plug("nic0", "3", ONE);
        config(0x04, 2, 0x6);
        bench.withdraw(deviceOffer);
        config(0xE4, 1, 0x33);
        host.journal.clear();
        board.reset(ResetKind.COLD);
        assertThat(host.journal).containsExactly("reset " + ONE);
        assertThat(host.devices.get(ONE).config[4]).as("memory space alone").isEqualTo((byte) 0x02);
        config(0xE8, 1, 0x44);
        devices.journal.clear();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.startsWith("config"))
                .containsExactly("config 0xe8 1 0x44");
        assertThat(devices.last().resets).containsExactly(ResetPhase.values());
        assertThat(host.live).as("leases are adopted").isNotEmpty();
    }

    @Test
    void hardwareWhoseModelServesIsLeftToIt() throws Exception {
        plug("nic0", "3", ONE);
        host.journal.clear();
        board.reset(ResetKind.COLD);
        assertThat(host.journal).isEmpty();
        assertThat(devices.last().resets).endsWith(ResetPhase.values());
    }

    @Test
    void nothingPassesAnIommuThatWasResetWhileItsModelIsAwayUntilTheNextOneSaysSo() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        bench.withdraw(iommuOffer);
        assertThat(host.devices.get(ONE).table).isNotNull();
        board.reset(ResetKind.COLD);
        assertThat(host.devices.get(ONE).table).isNull();
        iommus.journal.clear();
        iommuOffer = iommus.offer(21);
        bench.registry.offer(iommuOffer);
        bench.settled(board);
        assertThat(iommus.journal).containsExactly("2 unset 00:03.0", "2 set 00:03.0 " + ONE);
        assertThat(host.devices.get(ONE).table).isNotNull();
        host.journal.clear();
        bench.withdraw(iommuOffer);
        bench.registry.offer(iommus.offer(22));
        bench.settled(board);
        assertThat(host.journal).as("no reset since: hardware is left as it is").isEmpty();
    }
}
