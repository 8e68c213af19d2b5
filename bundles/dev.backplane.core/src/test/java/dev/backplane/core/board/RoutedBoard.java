package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.MsiRoutes.Refusal;
import dev.backplane.accelerator.MsiRoutes.Route;
import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.core.pci.PcieRootPortFactory;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.pci.Bdf;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;

/**
 * A board whose messages may go through an accelerator, with functions that send them, and what software does there.
 */
abstract class RoutedBoard {
    static final String HOST = "0000:01:00.0";
    static final long DOORBELL = FakeMachine.CONTROLLER + 0x40;
    static final long BAR = 0x1000_0000L;
    static final int MSI = 0x05;
    static final int MSIX = 0x11;

    final Bench bench = new Bench();
    final FakeHost host = new FakeHost();
    final FakeAccelerator kvm = new FakeAccelerator();
    final HostDeviceModel.Factory devices = new HostDeviceModel.Factory(host);
    final IommuModel.Factory iommus = new IommuModel.Factory();
    Offer deviceOffer;
    Offer iommuOffer;
    Bdf function = Bdf.parse("00:03.0");
    Board board;

    void compose(AcceleratorChoice choice) {
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

    void accelerated() {
        compose(new AcceleratorChoice("kvm", true));
    }

    @AfterEach
    void close() {
        bench.close();
        assertThat(kvm.irqfds).isEmpty();
        assertThat(kvm.table).isEmpty();
        assertThat(kvm.events).noneMatch(event -> event.open);
    }

    void plugIommu() throws Exception {
        board.plug(new DeviceRequest(IommuModel.TYPE, "smmu0", "", "", Map.of("primary-bus", "pcie.0")));
    }

    HostDeviceModel plugDevice() throws Exception {
        board.plug(new DeviceRequest(HostDeviceModel.TYPE, "nic0", "", "3", Map.of("host", HOST)));
        enumerate();
        return devices.last();
    }

    IrqfdModel plugEmulated() throws Exception {
        board.plug(new DeviceRequest(IrqfdModel.TYPE, "dev0", "", "3", Map.of()));
        enumerate();
        return IrqfdModel.last;
    }

    int config(int offset, int size) {
        return board.pci().readConfig(board.epochs().context(), function, offset, size);
    }

    void config(int offset, int size, int value) {
        board.pci().writeConfig(board.epochs().context(), function, offset, size, value);
    }

    void enumerate() {
        config(0x10, 4, (int) BAR);
        config(0x04, 2, 6);
    }

    int capability(int id) {
        for (int at = config(0x34, 1); at != 0; at = config(at + 1, 1)) {
            if (config(at, 1) == id) {
                return at;
            }
        }
        throw new AssertionError("no capability " + id);
    }

    void enableMsix(boolean on) {
        config(capability(MSIX) + 2, 2, on ? 0x8000 : 0);
    }

    void program(int vector, long address, int data) {
        long entry = BAR + vector * 16;
        Bench.write(board, entry, (int) address);
        Bench.write(board, entry + 4, (int) (address >>> 32));
        Bench.write(board, entry + 8, data);
    }

    void mask(int vector, boolean on) {
        Bench.write(board, BAR + vector * 16 + 12, on ? 1 : 0);
    }

    void use(int vector, long address, int data) {
        program(vector, address, data);
        mask(vector, false);
    }

    List<Route> routes() {
        return board.msiRoutes().orElseThrow().routes();
    }

    Route route() {
        assertThat(routes()).hasSize(1);
        return routes().getFirst();
    }

    List<Refusal> refusals() {
        return board.msiRoutes().orElseThrow().refusals();
    }

    /** {@return the data of the last message that reached the doorbell} */
    int received() {
        return Bench.read(board, FakeMachine.CONTROLLER);
    }
}
