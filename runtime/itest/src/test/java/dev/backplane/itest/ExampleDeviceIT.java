package dev.backplane.itest;

import static dev.backplane.itest.CopyEngineDriver.COPY;
import static dev.backplane.itest.CopyEngineDriver.CRC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
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
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A third party's device, in two releases that were built outside this build, at work on a board of ours. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class ExampleDeviceIT {
    private static final String EXAMPLE = "copy-engine";
    private static final long RAM = 0x4000_0000L;
    private static final long SOURCE = RAM + 0x200_0000;
    private static final long TARGET = RAM + 0x210_0000;
    private static final int LENGTH = 40_001;
    private static final long DOORBELL_IOVA = 0xFFF_F000L;
    private static final int UPDATES = 10;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Bundles bundles;
    private Bundle installed;
    private Machine machine;
    private CopyEngineDriver driver;
    private Interrupts interrupts;
    private SmmuDriver smmu;

    @Configuration
    public Option[] shipped() throws Exception {
        var example = new ExampleProject(EXAMPLE);
        example.build("1.1.0");
        example.buildEarlier("1.0.0");
        return options(ShippedFeatures.provision(
                "backplane-core", "backplane-virt", "backplane-smmuv3-emulated", "backplane-gicv3"));
    }

    @Before
    public void plug() throws Exception {
        bundles = new Bundles(context);
        installed = bundles.start(ExampleProject.jar(EXAMPLE, "1.0.0"));
        Board board = boards.create(new BoardDefinition(
                "example",
                "virt",
                Map.of("gic-version", "3", "iommu", "smmuv3", "clock", "manual", "memory", "64M"),
                List.of()));
        assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                .as("board complete; why: %s", board.why())
                .isTrue();
        board.plug(new DeviceRequest(EXAMPLE, "copy0", "", "", Map.of("queues", "2")));
        machine = new Machine(board);
        smmu = new SmmuDriver(machine, 0x0905_0000L, RAM + 0x10_0000);
        smmu.enable();
        driver = new CopyEngineDriver(machine, "copy0", 0x1000_0000L, RAM + 0x20_0000);
        int stream = driver.streamId();
        smmu.attach(stream);
        smmu.map(stream, DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        smmu.map(stream, RAM + 0x20_0000, RAM + 0x20_0000);
        for (long page = 0; page < 0x1_0000; page += 0x1000) {
            smmu.map(stream, SOURCE + page, SOURCE + page);
            smmu.map(stream, TARGET + page, TARGET + page);
        }
        var gic = new GicV3Driver(machine, RAM + 0x100_0000);
        gic.map(stream, 2, GicV3Driver.FIRST_LPI);
        interrupts = new Interrupts(gic);
        for (int queue = 0; queue < 2; queue++) {
            driver.vector(queue, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, queue);
            driver.enable(queue);
        }
    }

    @After
    public void remove() throws Exception {
        boards.destroy("example");
        for (Bundle bundle : context.getBundles()) {
            if ("com.example.copyengine".equals(bundle.getSymbolicName())) {
                bundle.uninstall();
            }
        }
    }

    /** Random bytes are copied and their checksum computed; both are told by an LPI each. */
    private void copyAndCheck(long number) {
        var random = new SplittableRandom(number);
        var data = new byte[LENGTH];
        random.nextBytes(data);
        machine.write(SOURCE, data);
        long copies = interrupts.taken(GicV3Driver.FIRST_LPI);
        long checksums = interrupts.taken(GicV3Driver.FIRST_LPI + 1);
        assertThat(driver.run(0, COPY, true, LENGTH, SOURCE, TARGET)).as("copy %d", number).isEqualTo(1);
        var crc = new CRC32C();
        crc.update(data);
        assertThat(driver.run(1, CRC, true, LENGTH, SOURCE, 0))
                .as("checksum %d", number)
                .isEqualTo(1 | crc.getValue() << 32);
        assertThat(machine.read(TARGET, new byte[LENGTH])).as("copy %d", number).isEqualTo(data);
        interrupts.await(GicV3Driver.FIRST_LPI, copies + 1);
        interrupts.await(GicV3Driver.FIRST_LPI + 1, checksums + 1);
    }

    private void assertNothingWasLost(long work) {
        assertThat(interrupts.take()).as("a spurious interrupt; taken: %s", interrupts.all()).isFalse();
        assertThat(interrupts.all().values()).containsExactly(work, work);
        assertThat(driver.counter(0, 0x20)).as("COMPLETED").isEqualTo(work);
        assertThat(machine.slot("copy0").aborts()).isZero();
        assertThat(smmu.takeEvent()).as("an event record").isNull();
    }

    @Test
    public void movesBytesAndSendsInterruptsThroughSmmuAndIts() {
        for (int number = 0; number < 3; number++) {
            copyAndCheck(number);
        }
        assertNothingWasLost(3);
    }

    @Test
    public void isUpdatedUnderLoadToAReleaseThatReadsItsOlderState() throws Exception {
        Load.Worker worker;
        try (var load = new Load()) {
            worker = load.start("copies", this::copyAndCheck);
            load.awaitProgress(3);
            for (int update = 0; update < UPDATES; update++) {
                machine.board().update("copy0", ExampleProject.jar(EXAMPLE, "1.1.0"));
            }
            load.awaitProgress(3);
            load.finish();
        }
        assertThat(machine.slot("copy0").provider().orElseThrow()).contains("1.1.0");
        assertThat(driver.counter(0, 0x28))
                .as("BYTES, which release 1.0 did not count")
                .isBetween(3L * LENGTH, (worker.done() - 3) * LENGTH);
        assertNothingWasLost(worker.done());
        bundles.assertNothingOldIsReachable();
    }

    @Test
    public void anOlderReleaseRefusesTheNewerStateAndTheNewerGoesOn() throws Exception {
        machine.board().update("copy0", ExampleProject.jar(EXAMPLE, "1.1.0"));
        copyAndCheck(1);
        PlugException refused = catchThrowableOfType(
                PlugException.class,
                () -> machine.board().update("copy0", ExampleProject.jar(EXAMPLE, "1.0.0")));
        assertThat(refused).hasMessageContaining("layout version 2").hasMessageContaining("1.1.0");
        Slot slot = machine.slot("copy0");
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(slot.provider().orElseThrow()).contains("1.1.0");
        assertThat(slot.history()).extracting(Slot.HistoryEntry::event).contains("REFUSED");
        copyAndCheck(2);
        assertNothingWasLost(2);
    }

    @Test
    public void anOlderReleaseInPlaceParksTheSlotUntilTheNewerIsBack() throws Exception {
        bundles.update(installed, ExampleProject.jar(EXAMPLE, "1.1.0"));
        copyAndCheck(1);
        bundles.update(installed, ExampleProject.jar(EXAMPLE, "1.0.0"));
        Slot slot = machine.slot("copy0");
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() ->
                assertThat(slot.why().toString()).contains("layout version 2"));
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        bundles.update(installed, ExampleProject.jar(EXAMPLE, "1.1.0"));
        await().atMost(Duration.ofSeconds(20)).until(() -> slot.state() == Slot.State.RUNNING);
        copyAndCheck(2);
        assertNothingWasLost(2);
    }
}
