package dev.backplane.itest;

import static dev.backplane.itest.AcceleratedMachine.assigned;
import static dev.backplane.itest.AcceleratedMachine.device;
import static dev.backplane.itest.AcceleratedMachine.smmu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostFaults;
import dev.backplane.hostiommu.HostIommu;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** What is refused about devices of the host says why, and leaves board and host as they were. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class AssignmentRefusalsIT {
    private static final String BOARD = "refusals";
    private static final String DMA = "0000:01:00.0";
    private static final String DMA_2 = "0000:02:00.0";

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    @Inject
    private HostFaults faults;

    private Map<String, Long> before;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @Before
    public void count() {
        before = AcceleratedMachine.inUse(host);
    }

    @After
    public void nothingIsLeft() {
        faults.clear();
        boards.find(BOARD).ifPresent(board -> boards.destroy(BOARD));
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(before);
    }

    private Board board(List<String> options, DeviceRequest... devices) throws InterruptedException {
        return AcceleratedMachine.create(boards, BOARD, options, devices).board();
    }

    private void refused(Board board, DeviceRequest request, String... says) {
        List<String> slots = board.slots().stream().map(slot -> slot.name()).toList();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        assertThatThrownBy(() -> board.plug(request)).isInstanceOf(PlugException.class).satisfies(refusal -> {
            for (String text : says) {
                assertThat(refusal.getMessage()).contains(text);
            }
        });
        assertThat(board.slots()).extracting(slot -> slot.name()).isEqualTo(slots);
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
    }

    @Test
    public void withoutKvm() throws Exception {
        refused(board(List.of("accel=tcg")), smmu("s0", "pcie.0"),
                "SMMUv3 accel=on requires KVM with kernel-irqchip=on support");
    }

    @Test
    public void withoutAnInterruptControllerInTheKernel() throws Exception {
        refused(board(List.of("kernel-irqchip=off")), smmu("s0", "pcie.0"),
                "SMMUv3 accel=on requires KVM with kernel-irqchip=on support");
    }

    @Test
    public void anEmulatedEndpoint() throws Exception {
        refused(board(List.of(), smmu("s0", "pcie.0")), device("edu", "e0", ""),
                "Emulated endpoint devices are not allowed when using arm-smmuv3,accel=on");
    }

    @Test
    public void aHostDeviceWithoutAnIommufd() throws Exception {
        refused(board(List.of(), smmu("s0", "pcie.0")), device("vfio-pci", "n0", "", "host=" + DMA),
                "vfio-pci endpoint devices without an iommufd backend are not allowed when using arm-smmuv3,accel=on");
    }

    @Test
    public void aDoorbellThatAUserGives() throws Exception {
        refused(board(List.of()), device("arm-smmuv3", "s0", "", "accel=on", "primary-bus=pcie.0",
                "msi-gpa=0x8090040"), "msi-gpa");
    }

    @Test
    public void anAmbiguousDoorbell() throws Exception {
        Board board = board(List.of(), device("arm-gicv3-its", "its9", ""));
        refused(board, smmu("s0", "pcie.0"), "its0", "its9");
    }

    @Test
    public void withoutAnMsiControllerTheRouteIsRefusedAndNoMessageSent() throws Exception {
        Machine machine = AcceleratedMachine.create(
                boards, BOARD, List.of("msi=off"), smmu("s0", "pcie.0"), assigned("n0", DMA));
        var nic = new PhysicalDmaDriver(machine, "n0", 0x1000_0000L);
        nic.enableMsix(0, 0x0809_0040L, 0);
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).isEmpty();
        assertThat(machine.board().msiRoutes().orElseThrow().refusals()).first()
                .satisfies(refusal -> assertThat(refusal.reason()).contains("no MSI controller serves root bus pcie.0"));
    }

    @Test
    public void anUnknownHostDevice() throws Exception {
        refused(board(List.of(), smmu("s0", "pcie.0")), assigned("n0", "0000:77:00.0"),
                "host=0000:77:00.0: the host has no such device to give away (ENODEV)");
    }

    @Test
    public void aHostDeviceThatIsInUse() throws Exception {
        refused(board(List.of(), smmu("s0", "pcie.0"), assigned("n0", DMA)), assigned("n1", DMA),
                "host=" + DMA + ": the device is in use (EBUSY)");
    }

    @Test
    public void aHostThatOffersLessThanTheGuestIsShown() throws Exception {
        for (String more : List.of("ssidsize=20", "ats=on")) {
            Board board = board(List.of(),
                    device("arm-smmuv3", "s0", "", "accel=on", "primary-bus=pcie.0", more));
            String field = more.startsWith("ssidsize") ? "IDR1.SSIDSIZE of the host's SMMU is 16, the guest is shown 20"
                    : "the host does not support ATS for it, the guest is shown ATS: set ats=off";
            refused(board, assigned("n0", DMA), "host device " + DMA + " cannot be behind this SMMU", field);
            boards.destroy(BOARD);
        }
    }

    @Test
    public void failuresOfTheHostAtEachStepLeaveNothing() throws Exception {
        Board board = board(List.of(), smmu("s0", "pcie.0"), assigned("n0", DMA));
        int failed = 0;
        for (String operation : faults.operations()) {
            for (int after = 0; after < 4; after++) {
                Map<String, Long> used = AcceleratedMachine.inUse(host);
                faults.fail(operation, Errno.ENOMEM, after);
                boolean plugged = true;
                try {
                    board.plug(assigned("n1", DMA_2));
                } catch (PlugException refusal) {
                    plugged = false;
                    failed++;
                    assertThat(refusal.getMessage()).as("%s after %d", operation, after).contains("ENOMEM");
                }
                faults.clear();
                if (plugged) {
                    board.unplug("n1");
                }
                assertThat(AcceleratedMachine.inUse(host)).as("%s after %d", operation, after).isEqualTo(used);
            }
        }
        assertThat(failed).as("plugs that failed").isGreaterThan(2);
        board.plug(assigned("n1", DMA_2));
    }

    @Test
    public void failuresOfTheHostForTheFirstDeviceLeaveNothing() throws Exception {
        Board board = board(List.of(), smmu("s0", "pcie.0"));
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        int failed = 0;
        for (String operation : faults.operations()) {
            for (int after = 0; after < 4; after++) {
                faults.fail(operation, Errno.ENOMEM, after);
                try {
                    board.plug(assigned("n0", DMA));
                    faults.clear();
                    board.unplug("n0");
                } catch (PlugException refusal) {
                    failed++;
                }
                faults.clear();
                assertThat(AcceleratedMachine.inUse(host)).as("%s after %d", operation, after).isEqualTo(used);
            }
        }
        assertThat(failed).as("plugs that failed").isGreaterThan(7);
        board.plug(assigned("n0", DMA));
    }

    @Test
    public void aFailureWhenAnSteIsInstalledAbortsTheStreamAndLeaksNothing() throws Exception {
        Machine machine = AcceleratedMachine.create(
                boards, BOARD, List.of(), smmu("s0", "pcie.0"), assigned("n0", DMA));
        var driver = new SmmuDriver(machine, AcceleratedMachine.base(machine, "s0"), AcceleratedMachine.SMMU_AREA);
        var nic = new PhysicalDmaDriver(machine, "n0", 0x1000_0000L);
        driver.enable();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        for (String operation : List.of("IOMMU_VDEVICE_ALLOC", "IOMMU_HWPT_ALLOC")) {
            faults.fail(operation, Errno.ENOMEM, 0);
            driver.attach(nic.streamId());
            driver.map(nic.streamId(), 0x1000, 0x4080_0000L);
            assertThat(nic.fill(0x1000, 4, 1)).as(operation).isFalse();
            faults.clear();
            assertThat(AcceleratedMachine.inUse(host)).as(operation).satisfies(now ->
                    assertThat(now.get("hwpt")).isEqualTo(used.get("hwpt")));
        }
        driver.attach(nic.streamId());
        driver.map(nic.streamId(), 0x1000, 0x4080_0000L);
        assertThat(nic.fill(0x1000, 4, 1)).isTrue();
        assertThat(machine.read(0x4080_0000L, 4)).isEqualTo(1);
    }
}
