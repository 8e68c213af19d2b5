package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;
import static org.ops4j.pax.exam.CoreOptions.systemProperty;
import static org.ops4j.pax.exam.cm.ConfigurationAdminOptions.newConfiguration;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/**
 * Many host devices behind four accelerated SMMUs: set up, traffic with a message of each, tear down; 200, or as many
 * as {@code -Daccel.devices=1000} says. What the host does for the second half is what it did for the first. Times are
 * printed, and what was written to the accelerator's table: that is replaced as a whole by each change, as KVM has it.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class ManyAssignedDevicesIT {
    private static final String BOARD = "many";
    private static final String DEVICES = "accel.devices";
    private static final int SMMUS = 4;
    private static final int FUNCTIONS_PER_BUS = 256;
    private static final long BARS = 0x1000_0000L;
    private static final long TARGET = 0x4400_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final long AREAS = 0x4800_0000L;
    private static final long AREA = 0x200_0000L;

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    @Configuration
    public Option[] shipped() {
        int devices = Integer.getInteger(DEVICES, 200);
        int each = (devices + SMMUS - 1) / SMMUS;
        var behind = new ArrayList<String>();
        for (int smmu = 0; smmu < SMMUS; smmu++) {
            behind.add("dma*%d@%d".formatted(each, smmu));
        }
        return options(
                AcceleratedMachine.features(),
                systemProperty(DEVICES).value("" + devices),
                newConfiguration("dev.backplane.host.sim")
                        .put("smmus", SMMUS)
                        .put("devices", behind.toArray(String[]::new))
                        .asOption());
    }

    @After
    public void destroy() {
        boards.find(BOARD).ifPresent(board -> boards.destroy(BOARD));
    }

    private long batches() {
        long sum = 0;
        for (InspectNode node : host.inspect().children()) {
            if (node.child("batches of commands") != null) {
                sum += Long.decode(node.child("batches of commands").value());
            }
        }
        return sum;
    }

    private static long kvm(Machine machine, String counter) {
        return Long.decode(machine.board().virtualMachine().orElseThrow().inspect().child(counter).value());
    }

    private static long micros(long from, long to, int devices) {
        return (to - from) / 1_000 / Math.max(1, devices);
    }

    @Test
    public void theyWorkAndLeaveNothing() throws Exception {
        int devices = Integer.getInteger(DEVICES);
        int each = (devices + SMMUS - 1) / SMMUS;
        assertThat(each).as("devices behind one SMMU, all on one bus").isLessThanOrEqualTo(FUNCTIONS_PER_BUS);
        Map<String, Long> before = AcceleratedMachine.inUse(host);
        var fabric = new ArrayList<DeviceRequest>();
        for (int smmu = 0; smmu < SMMUS; smmu++) {
            fabric.add(AcceleratedMachine.device("pxb-pcie", "pxb" + smmu, "", "bus_nr=" + bus(smmu)));
            fabric.add(AcceleratedMachine.smmu("smmu" + smmu, "pxb" + smmu));
        }
        Machine machine = AcceleratedMachine.create(
                boards, BOARD, List.of("memory=512M"), fabric.toArray(DeviceRequest[]::new));
        var smmus = new ArrayList<SmmuDriver>();
        for (int smmu = 0; smmu < SMMUS; smmu++) {
            var driver = new SmmuDriver(
                    machine, AcceleratedMachine.base(machine, "smmu" + smmu), AREAS + smmu * AREA, 16);
            driver.enable();
            smmus.add(driver);
        }
        Map<String, Long> fabricOnly = AcceleratedMachine.inUse(host);
        long start = batches();
        var names = new ArrayList<String>();
        long half = 0;
        long began = System.nanoTime();
        long inTheMiddle = began;
        for (int number = 0; number < devices; number++) {
            names.add(work(machine, smmus.get(number % SMMUS), number));
            if (number == devices / 2 - 1) {
                half = batches() - start;
                inTheMiddle = System.nanoTime();
            }
        }
        long all = System.nanoTime();
        long whole = batches() - start;
        Map<String, Long> working = AcceleratedMachine.inUse(host);
        assertThat(working.get("device")).isEqualTo(devices);
        assertThat(working.get("vdevice")).isEqualTo(devices);
        assertThat(working.get("viommu")).isEqualTo(SMMUS);
        assertThat(working.get("hwpt")).as("stage 2, abort, bypass and illegal per SMMU, one nested per device")
                .isEqualTo(devices + 4L * SMMUS);
        System.out.printf("%d devices: %d batches of host commands for the first half, %d for both%n",
                devices, half, whole);
        assertThat(whole - half).as("batches for the second half, after %d for the first", half)
                .isLessThanOrEqualTo(half + half / 4);
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).hasSize(devices);
        long writesBefore = kvm(machine, "table writes");
        long unplugging = System.nanoTime();
        long halfUnplugged = unplugging;
        for (String name : names) {
            machine.board().unplug(name);
            if (name.equals(names.get(devices / 2 - 1))) {
                halfUnplugged = System.nanoTime();
            }
        }
        long gone = System.nanoTime();
        System.out.printf("per device: set up and traffic %d µs in the first half, %d µs in the second; tear down %d "
                        + "and %d µs; the accelerator's table was written %d times, with %d entries%n",
                micros(began, inTheMiddle, devices / 2), micros(inTheMiddle, all, devices - devices / 2),
                micros(unplugging, halfUnplugged, devices / 2), micros(halfUnplugged, gone, devices - devices / 2),
                kvm(machine, "table writes"), kvm(machine, "entries written"));
        assertThat(kvm(machine, "table writes") - writesBefore).as("one write of the table for each that goes")
                .isEqualTo(devices);
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).isEmpty();
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(fabricOnly);
        boards.destroy(BOARD);
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(before);
    }

    private static int bus(int smmu) {
        return 32 + smmu * 32;
    }

    /** {@return where the host has the device: one on each of 254 buses, and then the next function of each} */
    private static String hostAddress(int segment, int behind) {
        return "%04x:%02x:00.%x".formatted(segment, behind % 254 + 1, behind / 254 * 2);
    }

    /** Plugs a device, gives it tables and lets it write. {@return its slot} */
    private String work(Machine machine, SmmuDriver smmu, int number) throws Exception {
        int behind = number / SMMUS;
        String name = "nic" + number;
        String address = "%02x.%x".formatted(behind / 8, behind % 8);
        Board board = machine.board();
        board.plug(new DeviceRequest("vfio-pci", name, "pxb" + number % SMMUS, address, Map.of(
                "host", hostAddress(number % SMMUS, behind), "iommufd", "iommufd0")));
        var nic = new PhysicalDmaDriver(machine, name, BARS + number * 0x2000L);
        smmu.attach(nic.streamId());
        long target = TARGET + number * 0x1000L;
        smmu.map(nic.streamId(), IOVA, target);
        smmu.map(nic.streamId(), AcceleratedMachine.MESSAGE_WINDOW, AcceleratedMachine.MESSAGE_WINDOW);
        assertThat(nic.fill(IOVA, 64, 0x600D_0000 | number)).as(name).isTrue();
        assertThat(machine.read(target + 60, 4)).isEqualTo(0x600D_0000 | number);
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, number);
        nic.raise(0);
        assertThat(nic.messages()).as("%s: messages that reached the host's ITS", name).isEqualTo(1);
        return name;
    }
}
