package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.MsiRoutes.Fixup;
import dev.backplane.accelerator.MsiRoutes.Refusal;
import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.core.pci.PcieRootPortFactory;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.MsiDoorbell;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Messages that go through the accelerator: where their routes lead, and what becomes of them. */
class MessageRouteTest {
    private static final String HOST = "0000:01:00.0";
    private static final long DOORBELL = FakeMachine.CONTROLLER + 0x40;
    private static final long BAR = 0x1000_0000L;
    private static final int MSI = 0x05;
    private static final int MSIX = 0x11;

    private final Bench bench = new Bench();
    private final FakeHost host = new FakeHost();
    private final FakeAccelerator kvm = new FakeAccelerator();
    private final HostDeviceModel.Factory devices = new HostDeviceModel.Factory(host);
    private final IommuModel.Factory iommus = new IommuModel.Factory();
    private Offer deviceOffer;
    private Offer iommuOffer;
    private Bdf function = Bdf.parse("00:03.0");
    private Board board;

    private void compose(AcceleratorChoice choice) {
        host.device(HOST, 0);
        bench.platform.put(HostIommu.class, host);
        bench.platform.put(Accelerator.class, kvm);
        bench.registry.machineTypeArrived("fake", new HostMachine(choice));
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        deviceOffer = devices.offer(10);
        iommuOffer = iommus.offer(20);
        bench.registry.offer(deviceOffer);
        bench.registry.offer(iommuOffer);
        bench.registry.offer(new IrqfdModel.Factory().offer(40));
        var ports = new PcieRootPortFactory();
        bench.registry.offer(new Offer(30, 30, 0, ports.type(), 30, "core", ports, FactoryCondition.ALWAYS));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
    }

    private void accelerated() {
        compose(new AcceleratorChoice("kvm", true));
    }

    @AfterEach
    void close() {
        bench.close();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }

    private void plugIommu() throws Exception {
        board.plug(new DeviceRequest(IommuModel.TYPE, "smmu0", "", "", Map.of("primary-bus", "pcie.0")));
    }

    private HostDeviceModel plugDevice() throws Exception {
        board.plug(new DeviceRequest(HostDeviceModel.TYPE, "nic0", "", "3", Map.of("host", HOST)));
        enumerate();
        return devices.last();
    }

    private IrqfdModel plugEmulated() throws Exception {
        board.plug(new DeviceRequest(IrqfdModel.TYPE, "dev0", "", "3", Map.of()));
        enumerate();
        return IrqfdModel.last;
    }

    // What software does

    private int config(int offset, int size) {
        return board.pci().readConfig(board.epochs().context(), function, offset, size);
    }

    private void config(int offset, int size, int value) {
        board.pci().writeConfig(board.epochs().context(), function, offset, size, value);
    }

    private void enumerate() {
        config(0x10, 4, (int) BAR);
        config(0x04, 2, 6);
    }

    private int capability(int id) {
        for (int at = config(0x34, 1); at != 0; at = config(at + 1, 1)) {
            if (config(at, 1) == id) {
                return at;
            }
        }
        throw new AssertionError("no capability " + id);
    }

    private void enableMsix(boolean on) {
        config(capability(MSIX) + 2, 2, on ? 0x8000 : 0);
    }

    private void program(int vector, long address, int data) {
        long entry = BAR + vector * 16;
        Bench.write(board, entry, (int) address);
        Bench.write(board, entry + 4, (int) (address >>> 32));
        Bench.write(board, entry + 8, data);
    }

    private void mask(int vector, boolean on) {
        Bench.write(board, BAR + vector * 16 + 12, on ? 1 : 0);
    }

    private void use(int vector, long address, int data) {
        program(vector, address, data);
        mask(vector, false);
    }

    // What is there

    private List<Route> routes() {
        return board.msiRoutes().orElseThrow().routes();
    }

    private Route route() {
        assertThat(routes()).hasSize(1);
        return routes().getFirst();
    }

    private List<Refusal> refusals() {
        return board.msiRoutes().orElseThrow().refusals();
    }

    /** {@return the data of the last message that reached the doorbell} */
    private int received() {
        return Bench.read(board, FakeMachine.CONTROLLER);
    }

    // How the doorbell is found

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
    void aTableThatTheAcceleratorRefusesLeavesTheRouteBefore() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        kvm.refuses = true;
        program(0, DOORBELL, 8);
        assertThat(route().data()).isEqualTo(7);
        use(1, DOORBELL, 9);
        assertThat(routes()).hasSize(1);
        assertThat(device.used).containsOnlyKeys("msix0");
        assertThat(refusals()).hasSize(2).allSatisfy(refusal -> assertThat(refusal.reason()).contains("planted"));
        kvm.refuses = false;
        program(1, DOORBELL, 9);
        assertThat(routes()).hasSize(2);
    }

    @Test
    void gsisRunOutVisiblyAndAreUsedAgain() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        board.plug(new DeviceRequest(IrqfdModel.TYPE, "dev0", "", "4", Map.of()));
        enableMsix(true);
        for (int vector = 0; vector < 4; vector++) {
            use(vector, DOORBELL, vector);
        }
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
        mask(1, true);
        EventFd resample = kvm.new Event();
        assertThat(device.context.pinTrigger(resample)).isPresent();
        assertThat(kvm.table).containsEntry(1, new GsiRoute.Pin(1, 35 + 3 - 32));
        use(1, DOORBELL, 1);
        assertThat(refusals()).first().satisfies(refusal -> assertThat(refusal.reason()).contains("all 4 GSIs"));
    }

    // What becomes of routes

    @Test
    void aVectorHasARouteWhileItIsEnabledAndNotMasked() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        use(0, DOORBELL, 7);
        assertThat(routes()).as("not enabled").isEmpty();
        enableMsix(true);
        assertThat(devices.journal).endsWith("uses msix0");
        EventFd trigger = device.used.get("msix0");
        mask(0, true);
        assertThat(routes()).isEmpty();
        assertThat(devices.journal).endsWith("releases msix0");
        trigger.signal();
        assertThat(received()).isZero();
        mask(0, false);
        assertThat(device.used.get("msix0")).as("the same event").isSameAs(trigger);
        trigger.signal();
        assertThat(received()).isEqualTo(7);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(routes()).as("masked as a whole").isEmpty();
        enableMsix(true);
        assertThat(routes()).hasSize(1);
        enableMsix(false);
        assertThat(routes()).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
    }

    @Test
    void aRewriteReachesTheNextSignal() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        int tables = kvm.tables;
        program(0, DOORBELL, 8);
        assertThat(kvm.tables).as("one new table for the word that changed").isEqualTo(tables + 1);
        device.used.get("msix0").signal();
        assertThat(received()).isEqualTo(8);
        assertThat(devices.journal).filteredOn(entry -> entry.equals("uses msix0")).hasSize(1);
    }

    @Test
    void vectorsOfMsiAreRoutedWithTheirOwnData() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        int msi = capability(MSI);
        config(msi + 4, 4, (int) DOORBELL);
        config(msi + 8, 4, (int) (DOORBELL >>> 32));
        config(msi + 0xC, 2, 0x40);
        config(msi + 2, 2, 1 << 4 | 1);
        assertThat(routes()).extracting(Route::data).containsExactly(0x40, 0x41);
        assertThat(device.used).containsOnlyKeys("msi0", "msi1");
        device.used.get("msi1").signal();
        assertThat(received()).isEqualTo(0x41);
        config(msi + 0x10, 4, 2);
        assertThat(device.used).containsOnlyKeys("msi0");
        config(msi + 2, 2, 0);
        assertThat(device.used).isEmpty();
    }

    @Test
    void aResetOfTheFunctionEndsItsRoutes() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        board.reset(ResetKind.COLD);
        assertThat(routes()).isEmpty();
        assertThat(device.used).isEmpty();
    }

    @Test
    void routesStayWhileNoModelServesAndTheNextOneIsTold() throws Exception {
        accelerated();
        plugIommu();
        iommus.offset = 0L;
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        EventFd trigger = device.used.get("msix0");
        bench.withdraw(deviceOffer);
        bench.withdraw(iommuOffer);
        assertThat(routes()).hasSize(2);
        assertThat(refusals()).isEmpty();
        trigger.signal();
        assertThat(received()).isEqualTo(7);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(routes()).isEmpty();
        config(capability(MSIX) + 2, 2, 0x8000);
        bench.registry.offer(iommus.offer(21));
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last()).isNotSameAs(device);
        assertThat(devices.last().used).containsOnlyKeys("msix0", "msix1").containsEntry("msix0", trigger);
        assertThat(routes()).hasSize(2);
    }

    @Test
    void whatEndedWhileNoModelServedIsToldToTheNextOne() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        bench.withdraw(deviceOffer);
        enableMsix(false);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last().used).isEmpty();
        assertThat(devices.journal)
                .endsWith("enables msix, 4 vectors", "uses msix0", "releases msix0", "disables msix");
    }

    /** A function whose vectors are all masked must not use its pin either (PCIe 6.1.4). */
    @Test
    void theDeviceIsToldWhatIsEnabledWhateverIsMasked() throws Exception {
        accelerated();
        plugDevice();
        devices.journal.clear();
        enableMsix(true);
        assertThat(devices.journal).containsExactly("enables msix, 4 vectors");
        use(0, DOORBELL, 7);
        mask(0, true);
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(devices.journal).containsExactly("enables msix, 4 vectors", "uses msix0", "releases msix0");
        devices.journal.clear();
        mask(0, false);
        enableMsix(true);
        enableMsix(false);
        assertThat(devices.journal).containsExactly("uses msix0", "releases msix0", "disables msix");
    }

    @Test
    void withoutAnAcceleratorTheDeviceIsToldToo() throws Exception {
        compose(AcceleratorChoice.NONE);
        plugDevice();
        devices.journal.clear();
        enableMsix(true);
        use(1, DOORBELL, 7);
        mask(1, true);
        enableMsix(false);
        assertThat(devices.journal)
                .containsExactly("enables msix, 4 vectors", "uses msix1", "releases msix1", "disables msix");
    }

    @Test
    void theDeviceIsToldHowManyVectorsOfMsiThereAreAndOfOneKindAtATime() throws Exception {
        accelerated();
        plugDevice();
        int msi = capability(MSI);
        config(msi + 4, 4, (int) DOORBELL);
        config(msi + 8, 4, (int) (DOORBELL >>> 32));
        devices.journal.clear();
        config(msi + 2, 2, 1 << 4 | 1);
        assertThat(devices.journal).containsExactly("enables msi, 2 vectors", "uses msi0", "uses msi1");
        devices.journal.clear();
        config(msi + 2, 2, 1);
        assertThat(devices.journal).containsExactly(
                "releases msi0", "releases msi1", "disables msi", "enables msi, 1 vectors", "uses msi0");
        devices.journal.clear();
        bench.withdraw(deviceOffer);
        config(msi + 2, 2, 0);
        enableMsix(true);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.journal).filteredOn(step -> step.contains("msi")).containsExactly("enables msi, 1 vectors",
                "uses msi0", "releases msi0", "disables msi", "enables msix, 4 vectors");
    }

    /** Software polls them (PCIe 6.1.4.3); the engine keeps none of a device that keeps them itself. */
    @Test
    void pendingBitsAreTheDevices() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        assertThat(Bench.read(board, BAR + 0x800)).isZero();
        device.pendingMsix = 0xA;
        assertThat(Bench.read(board, BAR + 0x800)).isEqualTo(0xA);
        assertThat(Bench.read(board, BAR + 0x804)).isZero();
        config(capability(MSIX) + 2, 2, 0xC000);
        assertThat(Bench.read(board, BAR + 0x800)).isEqualTo(0xA);
        int msi = capability(MSI);
        device.pendingMsi = 5;
        assertThat(config(msi + 0x14, 4)).isEqualTo(5);
        assertThat(config(msi + 0x14, 1)).isEqualTo(5);
        assertThat(config(msi + 0x16, 2)).isZero();
        assertThat(config(msi + 0x10, 4)).as("Mask Bits").isZero();
        bench.withdraw(deviceOffer);
        assertThat(config(msi + 0x14, 4)).as("unknown while no model serves").isZero();
    }

    /** What the device sends between the two is pending there, and would be lost here. */
    @Test
    void theDeviceLetsGoOfAMaskedVectorBeforeItsEventInjectsNothing() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        devices.whenReleased = device.used.get("msix0")::signal;
        mask(0, true);
        assertThat(received()).isEqualTo(7);
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
    void unplugEndsRoutesAndEvents() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        device.context.pinTrigger(kvm.new Event());
        enableMsix(true);
        use(0, DOORBELL, 7);
        assertThat(kvm.table).hasSize(2);
        board.unplug("nic0");
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }

    @Test
    void anEventThatCannotBeClosedLeavesNothingElseBehind() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        device.context.pinTrigger(kvm.new Event());
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        kvm.closesBadly = true;
        board.unplug("nic0");
        kvm.closesBadly = false;
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }

    @Test
    void nobodyGetsAGsiThatTheAcceleratorHasNotTakenOut() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        use(0, DOORBELL, 7);
        use(1, DOORBELL, 8);
        kvm.refuses = true;
        mask(0, true);
        assertThat(routes()).extracting(Route::gsi).containsExactly(1);
        assertThat(kvm.table).containsOnlyKeys(0, 1);
        kvm.refuses = false;
        use(2, DOORBELL, 9);
        assertThat(routes()).extracting(Route::gsi).as("0 was in the table").containsExactly(1, 2);
        assertThat(kvm.table).containsOnlyKeys(1, 2);
        use(3, DOORBELL, 10);
        assertThat(routes()).extracting(Route::gsi).containsExactly(0, 1, 2);
    }

    @Test
    void gsisThatWaitToBeTakenOutMakeRoomWhenThereIsNoOther() throws Exception {
        accelerated();
        plugDevice();
        enableMsix(true);
        for (int vector = 0; vector < 4; vector++) {
            use(vector, DOORBELL, vector);
        }
        kvm.refuses = true;
        mask(0, true);
        kvm.refuses = false;
        mask(0, false);
        assertThat(routes()).hasSize(4);
        assertThat(kvm.table).hasSize(4);
    }

    // Pins

    @Test
    void aPinAssertsItsInputThroughTheAcceleratorAndASuccessorKeepsIt() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        var changes = new ArrayList<String>();
        EventFd pin;
        EventFd resample = kvm.new Event();
        try (var observing = board.observeInputs("gic", (intid, asserted) -> changes.add((asserted ? "+" : "-") + intid))) {
            assertThat(observing).isNotNull();
            pin = device.context.pinTrigger(resample).orElseThrow();
            pin.signal();
        }
        assertThat(changes).containsExactly("+38");
        assertThat(kvm.resamples.get(pin)).isSameAs(resample);
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        assertThat(devices.last().context.pinTrigger(resample)).containsSame(pin);
        assertThat(kvm.connections).as("no moment in which a signal is lost").isOne();
        EventFd other = kvm.new Event();
        assertThat(devices.last().context.pinTrigger(other)).containsSame(pin);
        assertThat(kvm.resamples.get(pin)).isSameAs(other);
    }

    @Test
    void aPinThatTheAcceleratorDoesNotConnectLeavesNoRouteAndMayBeAskedForAgain() throws Exception {
        accelerated();
        HostDeviceModel device = plugDevice();
        kvm.refusesIrqfds = true;
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
        assertThat(kvm.table).isEmpty();
        kvm.refusesIrqfds = false;
        assertThat(device.context.pinTrigger(kvm.new Event())).isPresent();
        assertThat(kvm.table).hasSize(1);
    }

    // Emulated functions

    @Test
    void anEmulatedFunctionsEventGoesTheWayOfTheRoute() throws Exception {
        accelerated();
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, 0x1040, 7);
        assertThat(route().fixup()).isEqualTo(Fixup.TRANSLATED);
        int walks = iommus.translations;
        device.event.orElseThrow().signal();
        assertThat(received()).isEqualTo(7);
        assertThat(iommus.translations).as("the route was translated when it was made").isEqualTo(walks);
        use(1, 0x1040, 8);
        assertThat(routes()).as("the vector that the model sends by itself").hasSize(1);
        device.context.sendMsi(board.epochs().context(), 1);
        assertThat(received()).isEqualTo(8);
    }

    @Test
    void aSignalOfAMaskedVectorPendsAndIsSentWhenItIsUnmasked() throws Exception {
        accelerated();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        program(0, DOORBELL, 7);
        device.event.orElseThrow().signal();
        assertThat(received()).isZero();
        assertThat(Bench.read(board, BAR + 0x800)).as("pending").isEqualTo(1);
        mask(0, false);
        assertThat(received()).isEqualTo(7);
        assertThat(Bench.read(board, BAR + 0x800)).isZero();
    }

    @Test
    void aSignalWithoutARouteGoesAsAWriteOfTheFunction() throws Exception {
        accelerated();
        iommus.offset = null;
        plugIommu();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, 0x1040, 7);
        assertThat(routes()).isEmpty();
        iommus.offset = DOORBELL - 0x1040;
        device.event.orElseThrow().signal();
        assertThat(received()).isEqualTo(7);
    }

    @Test
    void aFunctionThatMayNotStartTransactionsSignalsNothing() throws Exception {
        accelerated();
        IrqfdModel device = plugEmulated();
        enableMsix(true);
        use(0, DOORBELL, 7);
        config(4, 2, 2);
        device.event.orElseThrow().signal();
        assertThat(received()).isZero();
    }

    @Test
    void withoutAnAcceleratorThereIsNoEvent() throws Exception {
        compose(AcceleratorChoice.NONE);
        IrqfdModel device = plugEmulated();
        assertThat(device.event).isEmpty();
        assertThat(board.virtualMachine()).isEmpty();
        assertThat(board.msiRoutes()).isEmpty();
        assertThatThrownBy(() -> device.context.irqfd(2)).hasMessageContaining("slot dev0 has no MSI vector 2");
    }

    // Boards without routes

    @Test
    void withoutAnAcceleratorAHostDevicesVectorsAreWritesOfTheFunction() throws Exception {
        compose(AcceleratorChoice.NONE);
        iommus.offset = DOORBELL - 0x1040;
        plugIommu();
        HostDeviceModel device = plugDevice();
        enableMsix(true);
        use(0, 0x1040, 7);
        device.used.get("msix0").signal();
        assertThat(received()).isEqualTo(7);
        assertThat(device.context.pinTrigger(kvm.new Event())).isEmpty();
    }

    @Test
    void withTheInterruptControllersInUserSpaceAnEventOfTheAcceleratorWakesTheEngine() throws Exception {
        compose(new AcceleratorChoice("kvm", false));
        HostDeviceModel device = plugDevice();
        assertThat(board.msiRoutes()).isEmpty();
        assertThat(board.virtualMachine()).hasValueSatisfying(vm -> assertThat(vm.irqchipInKernel()).isFalse());
        enableMsix(true);
        use(0, DOORBELL, 7);
        EventFd trigger = device.used.get("msix0");
        assertThat(trigger).isInstanceOf(FakeAccelerator.Event.class);
        trigger.signal();
        assertThat(received()).isEqualTo(7);
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

    @Test
    void aBoardWaitsForItsAcceleratorAndDestroysTheVirtualMachine() {
        bench.registry.machineTypeArrived("fake", new HostMachine(new AcceleratorChoice("kvm", true)));
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        Board waiting = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(waiting);
        assertThat(waiting.isComplete()).isFalse();
        assertThat(waiting.why()).singleElement().satisfies(cause -> {
            assertThat(cause.reason()).isEqualTo("no bundle offers accelerator kvm");
            assertThat(cause.remedy()).isEqualTo("start the bundle with backplane.accelerator=kvm");
        });
        bench.platform.put(Accelerator.class, kvm);
        bench.registry.platformOffers(Accelerator.class.getName());
        bench.settled(waiting);
        assertThat(waiting.isComplete()).isTrue();
        assertThat(waiting.virtualMachine().map(VirtualMachine::accelerator)).contains("kvm");
        bench.registry.destroy("b");
        assertThat(kvm.closed).isTrue();
    }
}
