package dev.backplane.itest;

import static dev.backplane.itest.AcceleratedMachine.assigned;
import static dev.backplane.itest.AcceleratedMachine.device;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.PlugException;
import dev.backplane.device.DeviceFactory;
import dev.backplane.hostiommu.HostIommu;
import java.time.Duration;
import java.util.Collection;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.awaitility.Awaitility;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.service.cm.ConfigurationAdmin;

/** Hosts that lack what a guest is shown: each check of a device that is plugged, on a board, with its message. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class IncompatibleHostsIT {
    private static final String BOARD = "incompatible";
    private static final String HOST = "dev.backplane.host.sim";
    private static final String DMA = "0000:01:00.0";
    private static final String BEHIND = "realize: slot n0: host device 0000:01:00.0 cannot be behind this SMMU: ";
    /** Stands in messages for the number that a host object happens to have. */
    private static final String NUMBER = "{number}";
    private static final String ANOTHER = ": assign a device behind another SMMU";

    @Inject
    private Boards boards;

    @Inject
    private ConfigurationAdmin configurations;

    @Inject
    private BundleContext context;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @After
    public void restore() throws Exception {
        boards.find(BOARD).ifPresent(board -> boards.destroy(BOARD));
        host(Map.of("told", new String[0]));
    }

    /** Makes another host, and waits until devices of it can be plugged. */
    private void host(Map<String, Object> properties) throws Exception {
        long before = id(context.getServiceReference(HostIommu.class));
        configurations.getConfiguration(HOST, null).update(new Hashtable<>(properties));
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            ServiceReference<HostIommu> host = context.getServiceReference(HostIommu.class);
            Collection<ServiceReference<DeviceFactory>> factories =
                    context.getServiceReferences(DeviceFactory.class, "(%s=vfio-pci)".formatted(DeviceFactory.TYPE));
            return host != null && id(host) > before
                    && factories.stream().anyMatch(factory -> id(factory) > id(host));
        });
    }

    private static long id(ServiceReference<?> reference) {
        return (Long) reference.getProperty(Constants.SERVICE_ID);
    }

    private void refused(Board board, String message) {
        HostIommu host = context.getService(context.getServiceReference(HostIommu.class));
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        assertThatThrownBy(() -> board.plug(assigned("n0", DMA)))
                .isInstanceOf(PlugException.class)
                .message()
                .matches(pattern(message));
        assertThat(board.slot("n0")).isEmpty();
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
    }

    /** {@return a pattern of exactly that message, with any number for that of a host object} */
    private static String pattern(String message) {
        return Stream.of(message.split(Pattern.quote(NUMBER), -1)).map(Pattern::quote).collect(Collectors.joining("\\d+"));
    }

    private Board board(String... smmu) throws InterruptedException {
        var properties = new String[smmu.length + 2];
        System.arraycopy(smmu, 0, properties, 2, smmu.length);
        properties[0] = "accel=on";
        properties[1] = "primary-bus=pcie.0";
        return AcceleratedMachine.create(boards, BOARD, List.of(), device("arm-smmuv3", "s0", "", properties)).board();
    }

    /** A host that tells so, properties of the SMMU, and what of it the message says. */
    private record Lack(String told, String properties, String says) {}

    private static final List<Lack> LACKS = List.of(
            new Lack("IDR0.ST_LEVEL=0", "ats=off", "IDR0.ST_LEVEL of the host's SMMU is 0, the guest is shown "
                    + "1" + ANOTHER),
            new Lack("IDR0.TTENDIAN=3", "ats=off", "IDR0.TTENDIAN of the host's SMMU is 3, the guest is shown "
                    + "2" + ANOTHER),
            new Lack("IDR0.TTF=1", "ats=off", "IDR0.TTF of the host's SMMU is 1, the guest is shown 2" + ANOTHER),
            new Lack("IDR0.STALL_MODEL=2", "ats=off",
                    "IDR0.STALL_MODEL of the host's SMMU is 2, the guest is shown 1" + ANOTHER),
            new Lack("IDR0.ASID16=0", "ats=off", "IDR0.ASID16 of the host's SMMU is 0, the guest is shown 1" + ANOTHER),
            new Lack("IDR1.SIDSIZE=8", "ats=off", "IDR1.SIDSIZE of the host's SMMU is 8, the guest is shown 16: "
                    + "lower sidsize"),
            new Lack("IDR1.SSIDSIZE=4", "ssidsize=5",
                    "IDR1.SSIDSIZE of the host's SMMU is 4, the guest is shown 5: lower ssidsize"),
            new Lack("IDR3.RIL=0", "ril=on", "IDR3.RIL of the host's SMMU is 0, the guest is shown 1: set ril=off"),
            new Lack("IDR3.BBML=1", "profile=virt-11.1",
                    "IDR3.BBML of the host's SMMU is 1, the guest is shown 2: set profile=accelerated"),
            new Lack("IDR5.GRAN4K=0", "granules=4K",
                    "IDR5.GRAN4K of the host's SMMU is 0, the guest is shown 1: leave 4K out of granules"),
            new Lack("IDR5.GRAN16K=0", "granules=4K,16K",
                    "IDR5.GRAN16K of the host's SMMU is 0, the guest is shown 1: leave 16K out of granules"),
            new Lack("IDR5.GRAN64K=0", "granules=64K",
                    "IDR5.GRAN64K of the host's SMMU is 0, the guest is shown 1: leave 64K out of granules"));

    @Test
    public void whatTheHostTellsOfItsSmmu() throws Exception {
        for (Lack lack : LACKS) {
            host(Map.of("told", new String[] {lack.told()}));
            refused(board(lack.properties()), BEHIND + lack.says());
            boards.destroy(BOARD);
        }
    }

    /** 16K and 64K are not needed: what is left to the host is what it has. */
    @Test
    public void granulesThatTheHostLacksAreNotShownWhenTheyAreLeftToIt() throws Exception {
        host(Map.of("granules", new String[] {"4K"}));
        Machine machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                AcceleratedMachine.smmu("s0", "pcie.0"), assigned("n0", DMA));
        assertThat(machine.read(AcceleratedMachine.base(machine, "s0") + 0x14, 4) >>> 4 & 7).isEqualTo(1);
    }

    /** What was auto is what the first host offered; one that comes later must offer that. */
    @Test
    public void whatWasFrozenWhenTheMachineWasDone() throws Exception {
        host(Map.of("devices", new String[] {"ats"}));
        Machine machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                AcceleratedMachine.smmu("s0", "pcie.0"), assigned("n0", DMA));
        long idr0 = machine.read(AcceleratedMachine.base(machine, "s0"), 4);
        machine.board().unplug("n0");
        for (Lack lack : List.of(
                new Lack("IDR0.CD2L=0", "", "IDR0.CD2L of the host's SMMU is 0, the guest is shown 1: set ssidsize=0"),
                new Lack("IDR1.SSIDSIZE=15", "",
                        "IDR1.SSIDSIZE of the host's SMMU is 15, the guest is shown 16: lower ssidsize"),
                new Lack("IDR3.RIL=0", "", "IDR3.RIL of the host's SMMU is 0, the guest is shown 1: set ril=off"),
                new Lack("IDR5.GRAN16K=0", "",
                        "IDR5.GRAN16K of the host's SMMU is 0, the guest is shown 1: leave 16K out of granules"))) {
            host(Map.of("devices", new String[] {"ats"}, "told", new String[] {lack.told()}));
            refused(machine.board(), BEHIND + lack.says());
        }
        host(Map.of("devices", new String[] {"dma"}));
        refused(machine.board(), BEHIND + "the host does not support ATS for it, the guest is shown ATS: set ats=off");
        assertThat(machine.read(AcceleratedMachine.base(machine, "s0"), 4)).as("IDR0 is frozen").isEqualTo(idr0);
        host(Map.of("devices", new String[] {"ats"}));
        machine.board().plug(assigned("n0", DMA));
    }

    /** As at the end of a process: the host's bundle may stop before those that use it. */
    @Test
    public void aHostThatGoesWhileItsDeviceWorksTakesNothingWithIt() throws Exception {
        for (int round = 0; round < 3; round++) {
            Machine machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                    AcceleratedMachine.smmu("s0", "pcie.0"), assigned("n0", DMA));
            var nic = new PhysicalDmaDriver(machine, "n0", 0x1000_0000L);
            nic.fillForEver(0x4080_0000L, 0x1000, 0x600D_F00D, 0);
            Awaitility.await().until(() -> nic.transfers() > 0);
            host(Map.of("told", new String[0], "ssidsize", 16 - round % 2));
            machine.write(0x4080_0000L, 4, 0);
            assertThat(machine.read(0x4080_0000L, 4)).as("nobody writes any more").isZero();
            boards.destroy(BOARD);
            HostIommu next = context.getService(context.getServiceReference(HostIommu.class));
            assertThat(AcceleratedMachine.inUse(next)).doesNotContainKeys("device", "hwpt", "ioas", "viommu");
        }
    }

    @Test
    public void whatTheHostCannotDo() throws Exception {
        host(Map.of("nesting", false));
        refused(board("ats=off"),
                "realize: slot n0: host device 0000:01:00.0: IOMMU_HWPT_ALLOC: EOPNOTSUPP: host-smmu0 has no stage "
                        + "2, so "
                        + "0000:01:00.0 cannot be nested: slot s0, the IOMMU, nests the guest's tables in the "
                        + "host's: set accel=off "
                        + "there, or assign a device behind an SMMU of the host that can");
        boards.destroy(BOARD);
        host(Map.of("s2fwb", false));
        refused(board("ats=off"),
                "realize: slot n0: host device 0000:01:00.0 cannot be behind this SMMU: IOMMU_VIOMMU_ALLOC: "
                        + "EOPNOTSUPP: "
                        + "host-smmu0 has no S2FWB, and 0000:01:00.0 no CANWBS: set accel=off, or assign a device "
                        + "behind an SMMU of "
                        + "the host that can");
        boards.destroy(BOARD);
        host(Map.of("smmus", 2, "devices", new String[] {"dma@0", "dma@1"}));
        Board board = board("ats=off");
        board.plug(assigned("n1", "0001:01:00.0"));
        refused(board,
                "realize: slot n0: host device 0000:01:00.0 is behind another physical SMMU than 0001:01:00.0: put "
                        + "it on a "
                        + "root bus with an accelerated SMMU of its own (VFIO_DEVICE_ATTACH_IOMMUFD_PT: EINVAL: "
                        + "hwpt " + NUMBER + " is of "
                        + "host-smmu1, 0000:01:00.0 is behind host-smmu0)");
    }
}
