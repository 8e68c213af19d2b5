package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.hostiommu.HostIommu;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import javax.inject.Inject;
import org.awaitility.Awaitility;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.BundleContext;

/**
 * The bundles of the accelerated SMMU, of assigned devices and of the GIC are changed in turn, in several ways, while one
 * device of the host writes memory and sends messages without a pause and another moves bytes that are compared. Physical
 * DMA never stops, nothing is lost, nothing is left behind.
 *
 * <p>The library of the SMMUs is not refreshed here: the simulated host is made of it, and would go with it.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class PhysicalDmaSoakIT {
    private static final int UPDATES = Integer.getInteger("backplane.updates", 30);
    private static final String STEADY = "0000:01:00.0";
    private static final String CHECKED = "0000:02:00.0";
    private static final String CHECKED_SLOT = "nic1";

    private static final long RAM = 0x4000_0000L;
    private static final long BARS = 0x1000_0000L;
    private static final long STEADY_TARGET = RAM + 0x100_0000;
    private static final int STEADY_LENGTH = 0x4_0000;
    private static final long SOURCE = RAM + 0x200_0000;
    private static final long TARGET = RAM + 0x210_0000;
    private static final int LENGTH = 0x4000;
    private static final long IOVA = 0x1000_0000L;
    private static final long DOORBELL_IOVA = 0xFFFF_F000L;
    private static final int PATTERN = 0x600D_F00D;
    private static final int CHECKED_LPI = GicV3Driver.FIRST_LPI + 1;
    private static final int STEADY_LPI = GicV3Driver.FIRST_LPI + 8;
    private static final long PATIENCE = Duration.ofSeconds(60).toNanos();

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    private Map<String, Long> before;
    private Machine machine;
    private SmmuDriver smmu;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @Before
    public void compose() throws InterruptedException {
        before = AcceleratedMachine.inUse(host);
        machine = AcceleratedMachine.create(
                boards,
                "physical",
                List.of("slot-timeout=" + Updates.SLOT_TIMEOUT),
                AcceleratedMachine.smmu(AcceleratedMachine.SMMU, "pcie.0"),
                AcceleratedMachine.assigned(AcceleratedMachine.NIC, STEADY),
                AcceleratedMachine.assigned(CHECKED_SLOT, CHECKED));
        smmu = new SmmuDriver(
                machine, AcceleratedMachine.base(machine, AcceleratedMachine.SMMU), AcceleratedMachine.SMMU_AREA);
        smmu.enable();
    }

    @After
    public void destroy() {
        for (Board board : boards.list()) {
            boards.destroy(board.name());
        }
        assertThat(AcceleratedMachine.inUse(host)).as("what the host has given away").isEqualTo(before);
    }

    private PhysicalDmaDriver device(String slot, long bar, GicV3Driver gic, int lpi) {
        var device = new PhysicalDmaDriver(machine, slot, bar);
        smmu.attach(device.streamId());
        smmu.map(device.streamId(), DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        smmu.map(device.streamId(), AcceleratedMachine.MESSAGE_WINDOW, AcceleratedMachine.MESSAGE_WINDOW);
        gic.map(device.streamId(), 1, lpi);
        device.enableMsix(0, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, 0);
        return device;
    }

    @Test
    public void physicalDmaGoesOnWhileItsBundlesChange() throws Exception {
        var bundles = new Bundles(context);
        var updates = new Updates(context, boards, bundles, UPDATES);
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        var lpis = new Interrupts(gic);
        PhysicalDmaDriver steady = device(AcceleratedMachine.NIC, BARS, gic, STEADY_LPI);
        for (long offset = 0; offset < STEADY_LENGTH; offset += 0x1000) {
            smmu.map(steady.streamId(), IOVA + offset, STEADY_TARGET + STEADY_LENGTH - 0x1000 - offset);
        }
        PhysicalDmaDriver checked = device(CHECKED_SLOT, BARS + 0x10_0000, gic, CHECKED_LPI);
        for (long offset = 0; offset < LENGTH; offset += 0x1000) {
            smmu.map(checked.streamId(), IOVA + offset, SOURCE + offset);
            smmu.map(checked.streamId(), IOVA + 0x10_0000 + offset, TARGET + LENGTH - 0x1000 - offset);
        }
        steady.fillForEver(IOVA, STEADY_LENGTH, PATTERN, 0);

        Load.Worker rewritten;
        Load.Worker copies;
        try (var load = new Load()) {
            rewritten = load.start("steady", this::isWrittenAgain);
            load.start("processor", number -> {
                if (!lpis.take()) {
                    LockSupport.parkNanos(50_000);
                }
            });
            copies = load.start("copies", number -> copy(checked, lpis, number));
            load.awaitProgress(5);
            Map<String, Path> jars = changed();
            for (int round = 0; !updates.areDone() && load.isHealthy(); round++) {
                updates.change(jars, round);
            }
            load.awaitProgress(5);
            load.finish();
        } catch (AssertionError failed) {
            throw new AssertionError(failed.getMessage() + updates.history(), failed);
        }
        steady.stop();
        Awaitility.await().until(() -> !steady.isBusy());
        Awaitility.await().until(() -> !lpis.take() && !lpis.take());

        for (PhysicalDmaDriver device : List.of(steady, checked)) {
            assertThat(device.errors()).as("accesses that failed").isZero();
            assertThat(device.lostMessages()).as("messages that did not arrive at the host").isZero();
        }
        assertThat(smmu.takeEvent()).as("an event record").isNull();
        assertThat(lpis.all().keySet()).containsExactly(CHECKED_LPI, STEADY_LPI);
        assertThat(lpis.taken(CHECKED_LPI)).isEqualTo(copies.done()).isEqualTo(checked.messages());
        assertThat(lpis.taken(STEADY_LPI)).isBetween(1L, steady.messages());
        assertThat(steady.messages()).isBetween(steady.transfers() - 1, steady.transfers());
        System.out.printf(
                "%s; %d fills of %d bytes without a pause with a message each (%d seen), %d words seen rewritten, "
                        + "%d copies of %d bytes with a message each%n",
                updates, steady.transfers(), STEADY_LENGTH, lpis.taken(STEADY_LPI), rewritten.done(), copies.done(),
                LENGTH);
        updates.assertNothingWasLostOrLeft();
    }

    /** Spoils a word and waits until the device has written it: whoever serves the slots, or nobody. */
    private void isWrittenAgain(long number) {
        long address = STEADY_TARGET + new SplittableRandom(number).nextInt(STEADY_LENGTH / 4) * 4L;
        machine.write(address, 4, 0);
        long end = System.nanoTime() + PATIENCE;
        while (machine.read(address, 4) != PATTERN) {
            if (System.nanoTime() > end) {
                throw new AssertionError("the device writes no more to 0x%x".formatted(address));
            }
            Thread.yield();
        }
    }

    /** The target's pages are mapped in reverse; the next copy begins when the message of this one was taken. */
    private void copy(PhysicalDmaDriver device, Interrupts lpis, long number) {
        var random = new SplittableRandom(~number);
        byte[] page = new byte[0x1000];
        for (long offset = 0; offset < LENGTH; offset += page.length) {
            random.nextBytes(page);
            machine.write(SOURCE + offset, page);
        }
        assertThat(device.copy(IOVA, IOVA + 0x10_0000, LENGTH)).as("copy %d", number).isTrue();
        for (long offset = 0; offset < LENGTH; offset += page.length) {
            assertThat(machine.read(TARGET + LENGTH - page.length - offset, new byte[page.length]))
                    .as("copy %d, offset 0x%x", number, offset)
                    .isEqualTo(machine.read(SOURCE + offset, page));
        }
        device.raise(0);
        lpis.await(CHECKED_LPI, number + 1);
    }

    private static Map<String, Path> changed() {
        var jars = new LinkedHashMap<String, Path>();
        for (String name : List.of("dev.backplane.smmuv3.accel", "dev.backplane.vfio", "dev.backplane.gicv3")) {
            jars.put(name, Bundles.shipped(name));
        }
        return jars;
    }
}
