package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/**
 * Every device bundle in turn is updated, in several ways, while two threads of DMA and streams of messages flow over
 * two boards, one with an ITS and one with v2m: nothing is lost, nothing is doubled, nothing is left behind.
 *
 * <p>{@code -Dit.test='*SoakIT' -Dbackplane.updates=2000} makes a long run of it and of {@link PhysicalDmaSoakIT}.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class UpdateSoakIT {
    private static final int UPDATES = Integer.getInteger("backplane.updates", 48);
    private static final String EXAMPLE = "com.example.copyengine";

    private static final long RAM = 0x4000_0000L;
    private static final long SMMU = 0x0905_0000L;
    private static final long V2M_PAGE = 0x0802_0000L;
    private static final int V2M_INTID = 90;
    private static final long DOORBELL_IOVA = 0xFFF_F000L;
    private static final long RINGS = RAM + 0x20_0000;
    private static final long COPY_SOURCE = RAM + 0x200_0000;
    private static final long COPY_TARGET = RAM + 0x210_0000;
    private static final int COPY_LENGTH = 0x4000;
    private static final int EDU_LENGTH = 4096;
    private static final int BURST = 8;
    private static final int STREAM_LPI = GicV3Driver.FIRST_LPI + 1;
    private static final int BURST_LPI = GicV3Driver.FIRST_LPI + 2;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Bundles bundles;
    private final AtomicLong bursts = new AtomicLong();

    @Configuration
    public Option[] shipped() throws Exception {
        new ExampleProject("copy-engine").build("1.1.0");
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv3",
                "backplane-gicv2m",
                "backplane-devices"));
    }

    @After
    public void destroy() {
        for (Board board : boards.list()) {
            boards.destroy(board.name());
        }
    }

    @Test
    public void everyByteAndEveryInterruptArrives() throws Exception {
        bundles = new Bundles(context);
        bundles.start(ExampleProject.jar("copy-engine", "1.1.0"));
        Machine its = machine("its", "3", "edu", "copy-engine");
        Machine v2m = machine("v2m", "2", "edu");
        List<SmmuDriver> smmus = new ArrayList<>();
        for (Machine machine : List.of(its, v2m)) {
            var smmu = new SmmuDriver(machine, SMMU, RAM + 0x10_0000);
            smmu.enable();
            smmus.add(smmu);
        }
        EduDriver edu = edu(its, smmus.getFirst());
        CopyEngineDriver copies = copyEngine(its, smmus.getFirst());
        var gic = new GicV3Driver(its, RAM + 0x100_0000);
        gic.map(copies.streamId(), 3, GicV3Driver.FIRST_LPI);
        var lpis = new Interrupts(gic);
        EduDriver messenger = edu(v2m, smmus.getLast());
        smmus.getLast().map(messenger.streamId(), DOORBELL_IOVA, V2M_PAGE);
        messenger.enableMsi(DOORBELL_IOVA + 0x40, V2M_INTID);
        var gicV2 = new GicV2Driver(v2m);
        gicV2.enableEdge(V2M_INTID);
        var spis = new Interrupts(gicV2);

        Load.Worker eduTransfers;
        Load.Worker engineCopies;
        Load.Worker messages;
        var updates = new Updates(context, boards, bundles, UPDATES);
        try (var load = new Load()) {
            eduTransfers = load.start("edu", number -> transfer(its, edu, number));
            engineCopies = load.start("copies", number -> copy(its, copies, number));
            messages = load.start("messages", number -> message(copies, lpis, messenger, spis, number));
            load.awaitProgress(5);
            Map<String, Path> jars = changed();
            for (int round = 0; !updates.areDone() && load.isHealthy(); round++) {
                updates.change(jars, round);
                updates.refreshLibrary();
            }
            load.awaitProgress(5);
            load.finish();
        } catch (AssertionError failed) {
            throw new AssertionError(failed.getMessage() + updates.history(), failed);
        }

        assertThat(lpis.take()).as("a spurious LPI; taken: %s", lpis.all()).isFalse();
        assertThat(spis.take()).as("a spurious SPI; taken: %s", spis.all()).isFalse();
        assertThat(lpis.taken(STREAM_LPI)).as("LPIs of the stream").isEqualTo(messages.done());
        assertThat(spis.taken(V2M_INTID)).as("SPIs of the stream").isEqualTo(messages.done());
        assertThat(lpis.all().keySet()).containsExactly(STREAM_LPI, BURST_LPI);
        for (SmmuDriver smmu : smmus) {
            assertThat(smmu.takeEvent()).as("an event record").isNull();
        }
        updates.assertNothingWasLostOrLeft();
        System.out.printf(
                "%s; %d edu transfers of %d bytes each way, %d copies of %d bytes, %d messages each by ITS and v2m, "
                        + "%d bursts of %d%n",
                updates,
                eduTransfers.done(), EDU_LENGTH, engineCopies.done(), COPY_LENGTH, messages.done(), bursts.get(),
                BURST);
    }

    private Machine machine(String name, String gic, String... devices) throws InterruptedException {
        List<DeviceRequest> requests = new ArrayList<>();
        for (String device : devices) {
            requests.add(new DeviceRequest(
                    device, device + "0", "", "", device.equals("edu") ? Map.of("dma_mask", "0xffffffff") : Map.of()));
        }
        Board board = boards.create(new BoardDefinition(
                name,
                "virt",
                Map.of(
                        "gic-version", gic,
                        "iommu", "smmuv3",
                        "clock", "manual",
                        "memory", "64M",
                        "slot-timeout", Updates.SLOT_TIMEOUT),
                requests));
        assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                .as("board complete; why: %s", board.why())
                .isTrue();
        return new Machine(board);
    }

    private static EduDriver edu(Machine machine, SmmuDriver smmu) {
        var edu = new EduDriver(machine, "edu0", 0x1000_0000L);
        smmu.attach(edu.streamId());
        for (int page = 0; page < 4; page++) {
            smmu.map(edu.streamId(), 0x10_0000 + page * 0x1000L, RAM + 0x80_0000 + (3 - page) * 0x1000L);
        }
        return edu;
    }

    private static CopyEngineDriver copyEngine(Machine machine, SmmuDriver smmu) {
        var engine = new CopyEngineDriver(machine, "copy-engine0", 0x1100_0000L, RINGS);
        smmu.attach(engine.streamId());
        smmu.map(engine.streamId(), DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        smmu.map(engine.streamId(), RINGS, RINGS);
        for (long page = 0; page < COPY_LENGTH; page += 0x1000) {
            smmu.map(engine.streamId(), COPY_SOURCE + page, COPY_SOURCE + page);
            smmu.map(engine.streamId(), COPY_TARGET + page, COPY_TARGET + COPY_LENGTH - 0x1000 - page);
        }
        for (int queue = 0; queue < 3; queue++) {
            engine.vector(queue, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, queue);
            engine.enable(queue);
        }
        return engine;
    }

    /** Memory to device by scattered pages, device to other pages, and every byte compared. */
    private static void transfer(Machine machine, EduDriver edu, long number) {
        var random = new SplittableRandom(number);
        byte[] sent = new byte[EDU_LENGTH];
        random.nextBytes(sent);
        machine.write(RAM + 0x80_3000, sent); // IOVA 0x100000 maps the last page
        edu.transfer(0x10_0000, 0, EDU_LENGTH, false);
        edu.transfer(0x10_2000, 0, EDU_LENGTH, true);
        assertThat(machine.read(RAM + 0x80_1000, new byte[EDU_LENGTH]))
                .as("edu transfer %d", number)
                .isEqualTo(sent);
    }

    /** The target's pages are mapped in reverse. */
    private static void copy(Machine machine, CopyEngineDriver engine, long number) {
        var random = new SplittableRandom(~number);
        byte[] page = new byte[0x1000];
        for (long offset = 0; offset < COPY_LENGTH; offset += page.length) {
            random.nextBytes(page);
            machine.write(COPY_SOURCE + offset, page);
        }
        assertThat(engine.run(0, CopyEngineDriver.COPY, false, COPY_LENGTH, COPY_SOURCE, COPY_TARGET))
                .as("result of copy %d", number)
                .isEqualTo(1);
        for (long offset = 0; offset < COPY_LENGTH; offset += page.length) {
            assertThat(machine.read(COPY_TARGET + COPY_LENGTH - page.length - offset, new byte[page.length]))
                    .as("copy %d, offset 0x%x", number, offset)
                    .isEqualTo(machine.read(COPY_SOURCE + offset, page));
        }
    }

    /** Each message is sent after the interrupt of the one before was taken; of a burst now and then, one counts. */
    private void message(
            CopyEngineDriver engine, Interrupts lpis, EduDriver edu, Interrupts spis, long number) {
        engine.run(1, 0, true, 0, 0, 0);
        lpis.await(STREAM_LPI, number + 1);
        edu.raise(1);
        spis.await(V2M_INTID, number + 1);
        assertThat(edu.interruptStatus()).isEqualTo(1);
        edu.acknowledge(1);
        if (number % 16 == 0) {
            long before = lpis.taken(BURST_LPI);
            int last = 0;
            for (int i = 0; i < BURST; i++) {
                last = engine.post(2, 0, true, 0, 0, 0);
            }
            engine.result(2, last);
            lpis.await(BURST_LPI, before + 1);
            long sent = bursts.incrementAndGet() * BURST;
            assertThat(lpis.taken(BURST_LPI)).as("interrupts of bursts").isLessThanOrEqualTo(sent);
        }
    }

    /** {@return what is changed in turn, with its jar} */
    private static Map<String, Path> changed() throws Exception {
        var jars = new LinkedHashMap<String, Path>();
        for (String name : List.of(
                "dev.backplane.devices", "dev.backplane.gicv3", "dev.backplane.gicv2m",
                "dev.backplane.smmuv3.emulated")) {
            jars.put(name, Bundles.shipped(name));
        }
        jars.put(EXAMPLE, ExampleProject.jar("copy-engine", "1.1.0"));
        return jars;
    }
}
