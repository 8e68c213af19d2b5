package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.irq.MsiInspection;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** One machine with each interrupt controller that it can have, composed from whichever bundles are present. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class InterruptControllersIT {
    private static final String BOARD = "irq";
    private static final String GICV3 = "dev.backplane.gicv3";
    private static final String GICV2M = "dev.backplane.gicv2m";
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long RAM = 0x4000_0000L;
    private static final long GICD = 0x0800_0000L;
    private static final long SECOND_ITS = 0x0C20_0000L;
    private static final long VALID = 1L << 63;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv3",
                "backplane-gicv2m",
                "backplane-devices"));
    }

    @After
    public void putBack() throws Exception {
        bundle(GICV3).start();
        bundle(GICV2M).start();
        if (boards.find(BOARD).isPresent()) {
            boards.destroy(BOARD);
        }
    }

    private Bundle bundle(String name) {
        return Arrays.stream(context.getBundles())
                .filter(candidate -> name.equals(candidate.getSymbolicName()))
                .findFirst()
                .orElseThrow();
    }

    private Board create(String given, DeviceRequest... devices) {
        Map<String, String> all = new HashMap<>(Map.of("memory", "64M", "clock", "manual"));
        for (String option : given.split(",")) {
            all.put(option.substring(0, option.indexOf('=')), option.substring(option.indexOf('=') + 1));
        }
        return boards.create(new BoardDefinition(BOARD, "virt", all, List.of(devices)));
    }

    private Machine machine(String given, DeviceRequest... devices) throws InterruptedException {
        Board board = create(given, devices);
        assertThat(board.awaitComplete(PATIENCE)).as("%s: %s", given, board.why()).isTrue();
        return new Machine(board);
    }

    private static List<String> picture(Board board) {
        return board.slots().stream()
                .map(slot -> "%s %s %s".formatted(slot.name(), slot.definition().deviceType(), slot.state()))
                .toList();
    }

    @Test
    public void everyControllerComposes() throws InterruptedException {
        Map<String, List<String>> expected = Map.of(
                "gic-version=2", List.of("gic arm_gic RUNNING", "v2m0 arm-gicv2m RUNNING"),
                "gic-version=3", List.of("gic arm-gicv3 RUNNING", "its0 arm-gicv3-its RUNNING"),
                "gic-version=3,its=off", List.of("gic arm-gicv3 RUNNING"),
                "gic-version=3,msi=gicv2m", List.of("gic arm-gicv3 RUNNING", "v2m0 arm-gicv2m RUNNING"));
        for (var each : expected.entrySet()) {
            assertThat(picture(machine(each.getKey()).board())).as(each.getKey()).isEqualTo(each.getValue());
            boards.destroy(BOARD);
        }
    }

    @Test
    public void withoutAControllerTheBoardSaysForWhatItWaitsAndComposesWhenItArrives() throws Exception {
        Map<String, List<String>> providers = Map.of(
                "gic-version=2", List.of(GICV2M),
                "gic-version=3", List.of(GICV3),
                "gic-version=3,its=off", List.of(GICV3),
                "gic-version=3,msi=gicv2m", List.of(GICV3, GICV2M));
        for (var each : providers.entrySet()) {
            bundle(GICV3).stop();
            bundle(GICV2M).stop();
            Board board = create(each.getKey());
            for (String provider : each.getValue()) {
                String waiting = provider.equals(each.getValue().getFirst()) ? "gic" : "v2m0";
                Awaitility.await().atMost(PATIENCE).untilAsserted(() -> assertThat(board.why())
                        .as("%s without %s", each.getKey(), provider)
                        .first()
                        .satisfies(cause -> {
                            assertThat(cause.subject()).isEqualTo(waiting);
                            assertThat(cause.remedy()).isEqualTo("felix:start " + bundle(provider).getBundleId());
                        }));
                assertThat(board.isComplete()).isFalse();
                bundle(provider).start();
            }
            assertThat(board.awaitComplete(PATIENCE)).as("%s: %s", each.getKey(), board.why()).isTrue();
            assertThat(board.why()).isEmpty();
            boards.destroy(BOARD);
        }
    }

    @Test
    public void devicesThatShareSpisAreRefusedOnRequest() throws Exception {
        String options = "gic-version=2,iommu=smmuv3";
        assertThatThrownBy(() -> create(options + ",shared-spis=refuse"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("SPIs 74 to 77 belong to both v2m0 and smmu0");
        assertThat(boards.find(BOARD)).isEmpty();
        assertThat(picture(machine(options).board())).hasSize(3);
        boards.destroy(BOARD);
        Board strict = machine("gic-version=2,shared-spis=refuse").board();
        var request = new DeviceRequest("arm-gicv2m", "", "", "", Map.of("base-spi", "100"));
        assertThatThrownBy(() -> strict.plug(request))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("belong to both v2m0 and v2m1");
        assertThat(strict.plug(new DeviceRequest("arm-gicv2m", "", "", "", Map.of())).state())
                .isEqualTo(Slot.State.RUNNING);
    }

    @Test
    public void inputsDrivenFromOutsideReachTheProcessorThatTheyBelongToAndSurviveARestart() throws Exception {
        Machine machine = machine("gic-version=2,smp=2");
        Board board = machine.board();
        var gic = new GicV2Driver(machine);
        gic.enableEdge(200);
        TransactionContext thread = board.epochs().context();
        DmaPort system = board.systemPort("second processor");
        DmaPort second = system.with(system.attributes().withProcessor(1));
        for (long[] write : new long[][] {{GICD + 0x100, 1L << 27}, {GICD + 0x1_0004, 0xFF}, {GICD + 0x1_0000, 1}}) {
            assertThat(second.write(thread, write[0], 4, write[1]).isDone()).isTrue();
        }
        board.driveInput("gic", 200, true);
        board.driveInput("gic", 200, false);
        assertThat(gic.take()).isEqualTo(200);
        bundle(GICV2M).stop();
        board.driveInput("gic", 200, true);
        board.driveInput("gic", 200, false);
        board.drivePrivateInput("gic", 0, 27, true);
        board.drivePrivateInput("gic", 1, 27, true);
        bundle(GICV2M).start();
        assertThat(board.awaitComplete(PATIENCE)).isTrue();
        assertThat(gic.take()).as("one edge while it was parked").isEqualTo(200);
        assertThat(gic.take()).as("processor 0 has not enabled its timer").isEqualTo(-1);
        assertThat(second.read(thread, GICD + 0x1_000C, 4).isDone()).isTrue();
        assertThat(thread.data()).isEqualTo(27);
    }

    @Test
    public void aSecondItsRoutesTheMessagesOfItsRootComplex() throws Exception {
        Machine machine = machine(
                "gic-version=3",
                new DeviceRequest("pxb-pcie", "pxb1", "", "", Map.of("bus_nr", "8")),
                new DeviceRequest("arm-gicv3-its", "its1", "", "", Map.of("root-bus", "pxb1")),
                new DeviceRequest("edu", "edu0", "pcie.0", "", Map.of()),
                new DeviceRequest("edu", "edu1", "pxb1", "", Map.of()));
        var gic = new GicV3Driver(machine, RAM + 0x100_0000);
        var near = new EduDriver(machine, "edu0", 0x1000_0000L);
        var far = new EduDriver(machine, "edu1", 0x1010_0000L);
        gic.map(near.streamId(), 1, GicV3Driver.FIRST_LPI);
        near.enableMsi(GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        mapAtTheSecond(machine, far.streamId(), GicV3Driver.FIRST_LPI + 1);
        far.enableMsi(SECOND_ITS + 0x1_0040, 0);

        near.raise(1);
        assertThat(gic.take()).isEqualTo(GicV3Driver.FIRST_LPI);
        far.raise(1);
        assertThat(gic.take()).isEqualTo(GicV3Driver.FIRST_LPI + 1);
        assertThat(gic.take()).as("a spurious interrupt").isEqualTo(-1);
        assertThat(routes(machine, "its0", far.streamId())).as("the first ITS does not know the device").isFalse();
        assertThat(routes(machine, "its1", far.streamId())).isTrue();
    }

    private static boolean routes(Machine machine, String its, int deviceId) {
        return machine.slot(its)
                .with(MsiInspection.class, inspection -> inspection.route(deviceId, 0).intid().isPresent())
                .orElseThrow();
    }

    private static void mapAtTheSecond(Machine machine, int deviceId, int intid) {
        long area = RAM + 0x200_0000;
        machine.write(SECOND_ITS + 0x80, 8, VALID | area | 0xF);
        machine.write(SECOND_ITS + 0x100, 8, VALID | area + 0x2_0000 | 2 << 8);
        machine.write(SECOND_ITS + 0x108, 8, VALID | area + 0x3_0000 | 2 << 8);
        machine.write(SECOND_ITS, 4, 1);
        long[][] commands = {
            {0x09, 0, VALID | 7},
            {(long) deviceId << 32 | 0x08, 4, VALID | area + 0x4_0000},
            {(long) deviceId << 32 | 0x0A, (long) intid << 32, 7},
        };
        for (int n = 0; n < commands.length; n++) {
            for (int word = 0; word < 3; word++) {
                machine.write(area + n * 32L + word * 8L, 8, commands[n][word]);
            }
        }
        machine.write(SECOND_ITS + 0x88, 8, commands.length * 32L);
        assertThat(machine.read(SECOND_ITS + 0x90, 8)).as("GITS_CREADR").isEqualTo(commands.length * 32L);
    }

    @Test
    public void aRestartedControllerGoesOnWithWhatIsPending() throws Exception {
        Machine machine = machine("gic-version=3", new DeviceRequest("edu", "edu0", "", "", Map.of()));
        var gic = new GicV3Driver(machine, RAM + 0x100_0000);
        var edu = new EduDriver(machine, "edu0", 0x1000_0000L);
        gic.map(edu.streamId(), 1, GicV3Driver.FIRST_LPI);
        edu.enableMsi(GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        edu.raise(1);
        bundle(GICV3).stop();
        assertThat(machine.board().why()).isNotEmpty();
        bundle(GICV3).start();
        assertThat(machine.board().awaitComplete(PATIENCE)).isTrue();
        assertThat(gic.take()).isEqualTo(GicV3Driver.FIRST_LPI);
        edu.acknowledge(1);
        edu.raise(1);
        assertThat(gic.take()).as("through the tables that are in memory").isEqualTo(GicV3Driver.FIRST_LPI);
        assertThat(gic.take()).isEqualTo(-1);
    }
}
