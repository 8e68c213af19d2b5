package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.pci.PcieRootPortFactory;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.pci.Bdf;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A board that host devices may be plugged into, and a host that must have everything back at the end. */
abstract class HostDeviceBoard {
    static final String ONE = "0000:01:00.0";
    static final String TWO = "0000:02:00.0";
    static final String ELSEWHERE = "0000:81:00.0";

    final Bench bench = new Bench();
    final FakeHost host = new FakeHost();
    final HostDeviceModel.Factory devices = new HostDeviceModel.Factory(host);
    final IommuModel.Factory iommus = new IommuModel.Factory();
    Offer deviceOffer;
    Offer iommuOffer;
    Board board;

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

    static DeviceRequest device(String id, String bus, String address, String onHost) {
        return new DeviceRequest(HostDeviceModel.TYPE, id, bus, address, Map.of("host", onHost));
    }

    Slot plug(String id, String address, String onHost) throws PlugException {
        return board.plug(device(id, "", address, onHost));
    }

    void plugIommu() throws PlugException {
        board.plug(new DeviceRequest(IommuModel.TYPE, "smmu0", "", "", Map.of("primary-bus", "pcie.0")));
    }

    long tables() {
        return host.live.stream().filter(FakeHost.Table.class::isInstance).count();
    }

    void number(String bridge, int bus) {
        board.pci().writeConfig(board.epochs().context(), Bdf.parse(bridge), 0x18, 4, bus << 16 | bus << 8);
    }
}
