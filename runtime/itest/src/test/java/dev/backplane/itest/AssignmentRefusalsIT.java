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
import java.util.Arrays;
import java.util.LinkedHashMap;
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

    /** What is refused changes nothing, and the message is this one, to the last letter. */
    private void refused(Board board, DeviceRequest request, String message) {
        List<String> slots = board.slots().stream().map(slot -> slot.name()).toList();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        assertThatThrownBy(() -> board.plug(request)).isInstanceOf(PlugException.class).hasMessage(message);
        assertThat(board.slots()).extracting(slot -> slot.name()).isEqualTo(slots);
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
    }

    private static DeviceRequest smmuWith(String... properties) {
        String[] all = Arrays.copyOf(properties, properties.length + 2);
        all[properties.length] = "accel=on";
        all[properties.length + 1] = "primary-bus=pcie.0";
        return device("arm-smmuv3", "s0", "", all);
    }

    @Test
    public void anSmmuWhereNoneCanBe() throws Exception {
        String noKvm = "realize: SMMUv3 accel=on requires KVM with kernel-irqchip=on support: run the machine with "
                + "accel=kvm "
                + "and without kernel-irqchip=off, or set accel=off";
        refused(board(List.of("accel=tcg")), smmu("s0", "pcie.0"), noKvm);
        boards.destroy(BOARD);
        refused(board(List.of("kernel-irqchip=off")), smmu("s0", "pcie.0"), noKvm);
        boards.destroy(BOARD);
        Board board = board(List.of(), device("arm-gicv3-its", "its9", ""));
        refused(board, smmu("s0", "pcie.0"),
                "MSIs of bus 'pcie.0' could go to its0 or its9: set property root-bus of one of them to that bus");
        boards.destroy(BOARD);
        refused(board(List.of(), smmu("s0", "pcie.0")), smmu("s1", "pcie.0"),
                "device arm-smmuv3: An iommu is already attached to this bus: pcie.0 has s0");
    }

    @Test
    public void propertiesThatDoNotFit() throws Exception {
        Board board = board(List.of());
        var messages = new LinkedHashMap<DeviceRequest, String>();
        messages.put(smmuWith("msi-gpa=0x8090040"),
                "arm-smmuv3: property 'msi-gpa' is set by the board: leave it out");
        messages.put(smmuWith("cmdqv=on"),
                "create: cmdqv=on: no host offers virtual command queues: set auto or off");
        messages.put(smmuWith("stage=nested"),
                "properties: arm-smmuv3: property stage: 'nested' does not fit: expected one of 1");
        messages.put(smmuWith("oas=43"),
                "properties: arm-smmuv3: property oas: '43' does not fit: expected one of auto, 32, 36, 40, 42, 44, "
                        + "48, 52");
        messages.put(smmuWith("oas=52", "granules=4K"),
                "create: oas 52 needs the 64K granule: add it to granules or choose oas 48");
        messages.put(smmuWith("granules=8K"),
                "create: property granules: '8K' does not fit: expected auto, or some of 4K, 16K, 64K, separated by "
                        + "commas");
        messages.put(smmuWith("ssidsize=21"),
                "create: property ssidsize: '21' does not fit: expected auto or 0 to 20");
        messages.put(smmuWith("sidsize=33"), "create: sidsize 33 is out of range: expected 1 to 32");
        messages.put(smmuWith("eventqs=20"), "create: eventqs 20 is out of range: expected 1 to 19");
        messages.put(smmuWith("identifier=256"), "create: identifier 256 is out of range: expected 0 to 255");
        messages.put(device("arm-smmuv3", "s0", "", "accel=on"),
                "device arm-smmuv3: SMMU is not attached to any PCI bus! Set primary-bus=pcie.0, or the id of a "
                        + "pxb-pcie");
        messages.put(smmu("s0", "pcie.7"),
                "device arm-smmuv3: SMMU should be attached to a default PCIe root complex(pcie.0) or a pxb-pcie based "
                        + "root complex: 'pcie.7' is neither");
        messages.put(device("vfio-pci", "n0", ""),
                "create: vfio-pci: host is not set: give host=DOMAIN:BUS:DEVICE.FUNCTION, for example "
                        + "host=0000:01:00.0; "
                        + "host:list shows the devices");
        messages.put(device("vfio-pci", "n0", "", "host=eth0"),
                "create: vfio-pci: host=eth0 is no address on the host: expected DOMAIN:BUS:DEVICE.FUNCTION such as "
                        + "0000:01:00.0; host:list shows the devices");
        messages.put(assigned("n0", "0000:77:00.0"),
                "create: vfio-pci: host=0000:77:00.0: the host has no such device to give away (ENODEV): host:list "
                        + "shows "
                        + "those it has");
        messages.forEach((request, message) -> refused(board, request, message));
    }

    @Test
    public void devicesThatCannotBeThere() throws Exception {
        Board board = board(List.of(), smmu("s0", "pcie.0"), assigned("n0", DMA));
        refused(board, device("edu", "e0", ""),
                "slot e0: Emulated endpoint devices are not allowed when using arm-smmuv3,accel=on: put edu at "
                        + "00:02.0 on "
                        + "a root bus without SMMU or with an emulated one");
        refused(board, device("vfio-pci", "n1", "", "host=" + DMA_2),
                "slot n1: vfio-pci endpoint devices without an iommufd backend are not allowed when using "
                        + "arm-smmuv3,accel=on: set iommufd= of the device at 00:02.0");
        refused(board, assigned("n1", DMA),
                "realize: vfio-pci: host=0000:01:00.0: the device is in use (EBUSY): host:list shows by whom, and "
                        + "what is "
                        + "free");
    }

    @Test
    public void aHostThatOffersLessThanTheGuestIsShown() throws Exception {
        Board board = board(List.of(), smmuWith("ssidsize=20"));
        refused(board, assigned("n0", DMA),
                "realize: slot n0: host device 0000:01:00.0 cannot be behind this SMMU: IDR1.SSIDSIZE of the host's "
                        + "SMMU "
                        + "is 16, the guest is shown 20: lower ssidsize");
        boards.destroy(BOARD);
        board = board(List.of(), smmuWith("ats=on"));
        refused(board, assigned("n0", DMA),
                "realize: slot n0: host device 0000:01:00.0 cannot be behind this SMMU: the host does not support "
                        + "ATS for "
                        + "it, the guest is shown ATS: set ats=off");
    }

    private void routeRefused(Machine machine, String reason) {
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).isEmpty();
        assertThat(machine.board().msiRoutes().orElseThrow().refusals()).first()
                .satisfies(refusal -> assertThat(refusal.reason()).isEqualTo(reason));
    }

    @Test
    public void withoutAnMsiControllerTheRouteIsRefusedAndNoMessageSent() throws Exception {
        Machine machine = AcceleratedMachine.create(
                boards, BOARD, List.of("msi=off"), smmu("s0", "pcie.0"), assigned("n0", DMA));
        var nic = new PhysicalDmaDriver(machine, "n0", 0x1000_0000L);
        nic.enableMsix(0, 0x0809_0040L, 0);
        routeRefused(machine,
                "no MSI controller serves root bus pcie.0: give the machine one (msi=its or msi=gicv2m)");
    }

    @Test
    public void aDoorbellThatTheIommuDoesNotTranslateIsNoRoute() throws Exception {
        Machine machine = AcceleratedMachine.create(boards, BOARD, List.of("iommu=smmuv3"),
                device("edu", "e0", "", "dma_mask=0xffffffff", "irqfd=on"));
        var smmu = new SmmuDriver(machine, 0x0905_0000L, AcceleratedMachine.SMMU_AREA);
        smmu.enable();
        var edu = new EduDriver(machine, "e0", 0x1000_0000L);
        smmu.attach(edu.streamId());
        edu.enableMsi(0x1040, 0);
        routeRefused(machine, "slot smmu0, the IOMMU, terminates a write to IOVA 0x1040");
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
        faults.fail("IOMMU_VDEVICE_ALLOC", Errno.ENOMEM, 0);
        driver.enable();
        assertThat(nic.fill(0x1000, 4, 1)).as("without an STE").isFalse();
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

    /** Whatever the host refuses of an STE, and after however many steps: the stream translates or aborts. */
    @Test
    public void failuresOfTheHostAtEachStepOfAnSteLeaveNothing() throws Exception {
        Machine machine = AcceleratedMachine.create(
                boards, BOARD, List.of(), smmu("s0", "pcie.0"), assigned("n0", DMA));
        var driver = new SmmuDriver(machine, AcceleratedMachine.base(machine, "s0"), AcceleratedMachine.SMMU_AREA);
        var nic = new PhysicalDmaDriver(machine, "n0", 0x1000_0000L);
        int stream = nic.streamId();
        driver.enable();
        driver.attach(stream);
        driver.map(stream, 0x1000, 0x4080_0000L);
        driver.entry(stream, 1, 0); // abort
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        int aborted = 0;
        for (String operation : faults.operations()) {
            for (int after = 0; after < 3; after++) {
                faults.fail(operation, Errno.ENOMEM, after);
                driver.entry(stream, 1 | 5 << 1 | driver.descriptor(stream), 2 | 1 << 2 | 1 << 4 | 3 << 6);
                machine.write(0x4080_0000L, 4, 0);
                boolean done = nic.fill(0x1000, 4, 1);
                assertThat(machine.read(0x4080_0000L, 4)).as("%s after %d", operation, after).isEqualTo(done ? 1 : 0);
                aborted += done ? 0 : 1;
                faults.clear();
                driver.entry(stream, 1, 0);
                if (!operation.equals("IOMMU_DESTROY")) { // what is not destroyed is kept until the device goes
                    assertThat(AcceleratedMachine.inUse(host)).as("%s after %d", operation, after).isEqualTo(used);
                }
            }
        }
        assertThat(aborted).as("STEs that the host refused").isGreaterThan(2);
        machine.board().unplug("n0");
    }
}
