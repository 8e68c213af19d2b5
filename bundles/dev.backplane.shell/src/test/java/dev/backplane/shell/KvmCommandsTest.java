package dev.backplane.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.firmware.FirmwareContribution.ReservedMemoryRange;
import dev.backplane.firmware.FirmwareContribution.SmmuNode;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import dev.backplane.pci.Bdf;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KvmCommandsTest {
    private final FakeBoard board = new FakeBoard("main");
    private final GogoSession gogo = new GogoSession(board);

    @AfterEach
    void end() {
        gogo.close();
    }

    private static VirtualMachine machine(boolean irqchip) {
        return new VirtualMachine() {
            @Override
            public String accelerator() {
                return "kvm";
            }

            @Override
            public boolean irqchipInKernel() {
                return irqchip;
            }

            @Override
            public int gsis() {
                return 0;
            }

            @Override
            public void setGsiRouting(List<GsiRoute> routes) {}

            @Override
            public EventFd eventFd() {
                throw new AssertionError("a command makes no events");
            }

            @Override
            public void assignIrqfd(EventFd event, int gsi, EventFd resample) {}

            @Override
            public void deassignIrqfd(EventFd event, int gsi) {}

            @Override
            public void ended(int intid) {}

            @Override
            public InspectNode inspect() {
                return InspectNode.group("main", List.of(InspectNode.number("unrouted", 3)));
            }

            @Override
            public void close() {}
        };
    }

    private static MsiRoutes routes(List<MsiRoutes.Route> routes, List<MsiRoutes.Refusal> refusals) {
        return new MsiRoutes() {
            @Override
            public List<Route> routes() {
                return routes;
            }

            @Override
            public List<Refusal> refusals() {
                return refusals;
            }
        };
    }

    @Test
    void routesShowWhatTheGuestProgrammedAndWhereItLeads() throws Exception {
        board.virtualMachine = machine(true);
        board.msiRoutes = routes(
                List.of(new MsiRoutes.Route(
                        5, Bdf.parse("00:03.0"), "nic0", 2, 0xFFFF_F040L, 0x0809_0040L, 7, 0x18,
                        MsiRoutes.Fixup.DIRECT)),
                List.of(new MsiRoutes.Refusal("nic0", 1, 0x1000, "there is no MSI controller")));
        assertThat(gogo.run("kvm:routes"))
                .contains("5  00:03.0   nic0       2  0xfffff040  0x8090040  0x7   0x18      direct")
                .contains("nic0       1  0x1000   there is no MSI controller")
                .doesNotContain("unrouted");
        assertThat(gogo.run("kvm:routes -v")).contains("unrouted").contains("3");
    }

    @Test
    void aBoardWithoutRoutesSaysWhy() throws Exception {
        assertThatThrownBy(() -> gogo.run("kvm:routes")).hasMessageContaining("has no accelerator; make it with accel=kvm");
        board.virtualMachine = machine(false);
        assertThat(gogo.run("kvm:routes")).contains("in user space (kernel-irqchip=off)");
        board.virtualMachine = machine(true);
        board.msiRoutes = routes(List.of(), List.of());
        assertThat(gogo.run("kvm:routes")).contains("no vector has a route");
    }

    @Test
    void firmwareShowsWhatDevicesContribute() throws Exception {
        assertThat(gogo.run("board:firmware")).contains("no device of board 'main' contributes");
        board.firmware.add(new ReservedMemoryRange("smmu0", 0x0800_0000L, 0x10_0000L, "doorbell of the host"));
        board.firmware.add(new SmmuNode("smmu0", 4, true));
        assertThat(gogo.run("board:firmware"))
                .contains("RMR     smmu0  0x8000000 to 0x80fffff: doorbell of the host")
                .contains("SMMUv3  smmu0  identifier 4, ATS");
    }
}
