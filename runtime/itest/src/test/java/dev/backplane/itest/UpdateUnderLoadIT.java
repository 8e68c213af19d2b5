package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import javax.inject.Inject;
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
import org.osgi.framework.wiring.BundleWiring;

/** Device bundles are updated while DMA and interrupts flow, and nothing is lost. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class UpdateUnderLoadIT {
    private static final int UPDATES = Integer.getInteger("backplane.updates", 50);
    private static final List<String> UPDATED =
            List.of("dev.backplane.devices", "dev.backplane.gicv2m", "dev.backplane.smmuv3.emulated");

    private static final long SMMU = 0x0905_0000L;
    private static final long RAM = 0x4000_0000L;
    private static final long DOORBELL_PAGE = 0x0802_0000L;
    private static final long DOORBELL_IOVA = 0xFFF_F000L;
    private static final int MSI_INTID = 90;
    private static final int LENGTH = 4096;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv2m",
                "backplane-devices"));
    }

    @After
    public void destroy() {
        boards.destroy("load");
    }

    @Test
    public void everyByteAndEveryInterruptArrives() throws Exception {
        Machine machine = machine();
        var smmu = new SmmuDriver(machine, SMMU, RAM + 0x10_0000);
        smmu.enable();
        List<EduDriver> edus = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            edus.add(new EduDriver(machine, "edu" + i, 0x1000_0000L + i * 0x10_0000L));
            smmu.attach(edus.get(i).streamId());
            smmu.map(edus.get(i).streamId(), DOORBELL_IOVA, DOORBELL_PAGE);
            for (int page = 0; page < 4; page++) {
                smmu.map(edus.get(i).streamId(), 0x10_0000 + page * 0x1000, ram(i) + (3 - page) * 0x1000L);
            }
        }
        var gic = new GicV2Driver(machine);
        gic.enableEdge(MSI_INTID);
        edus.get(2).enableMsi(DOORBELL_IOVA + 0x40, MSI_INTID);

        var transfers = new AtomicInteger();
        var messages = new AtomicInteger();
        var interrupts = new AtomicInteger();
        List<Thread> load = List.of(
                thread(() -> transfers(machine, edus.get(0), 0, transfers)),
                thread(() -> transfers(machine, edus.get(1), 1, transfers)),
                thread(() -> messages(machine, edus.get(2), gic, messages, interrupts)));
        List<WeakReference<ClassLoader>> old = new ArrayList<>();
        try {
            await().atMost(PATIENCE).until(() -> transfers.get() > 4 && messages.get() > 10 || failure.get() != null);
            for (int round = 0; round < UPDATES && failure.get() == null; round++) {
                for (String name : UPDATED) {
                    update(name, old);
                }
            }
            int transfersSoFar = transfers.get();
            int messagesSoFar = messages.get();
            await().atMost(PATIENCE).until(() -> failure.get() != null
                    || transfers.get() > transfersSoFar + 4 && messages.get() > messagesSoFar + 10);
        } finally {
            stop.set(true);
            for (Thread thread : load) {
                thread.join(Duration.ofSeconds(60));
            }
        }

        if (failure.get() != null) {
            throw new AssertionError("under load: " + failure.get().getMessage() + history(machine), failure.get());
        }
        assertThat(load).noneMatch(Thread::isAlive);
        assertThat(interrupts).as("interrupts for messages sent").hasValue(messages.get());
        assertThat(gic.take()).as("a spurious interrupt").isEqualTo(-1);
        assertThat(smmu.takeEvent()).as("an event record").isNull();
        for (Slot slot : machine.board().slots()) {
            assertThat(slot.state()).as("slot %s: %s", slot.name(), slot.why()).isEqualTo(Slot.State.RUNNING);
            assertThat(slot.aborts()).as("aborts at slot %s", slot.name()).isZero();
        }
        assertNothingOldIsReachable(old);
        System.out.printf(
                "%d updates of each of %s: %d transfers of %d bytes each way, %d messages, none lost%n",
                UPDATES, UPDATED, transfers.get(), LENGTH, messages.get());
    }

    private Machine machine() throws InterruptedException {
        Board board = boards.create(new BoardDefinition(
                "load",
                "virt",
                Map.of("gic-version", "2", "iommu", "smmuv3", "clock", "manual", "memory", "64M"),
                List.of(edu("edu0"), edu("edu1"), edu("edu2"))));
        assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                .as("board complete; why: %s", board.why())
                .isTrue();
        return new Machine(board);
    }

    private static DeviceRequest edu(String id) {
        return new DeviceRequest("edu", id, "", "", Map.of("dma_mask", "0xffffffff"));
    }

    private static long ram(int edu) {
        return RAM + 0x80_0000L + edu * 0x10_0000L;
    }

    private Thread thread(Runnable body) {
        return Thread.ofPlatform().start(() -> {
            try {
                body.run();
            } catch (Throwable thrown) {
                failure.compareAndSet(null, thrown);
            }
        });
    }

    /** Memory to device by scattered pages, device to other pages, and every byte compared. */
    private void transfers(Machine machine, EduDriver edu, int index, AtomicInteger count) {
        var random = new SplittableRandom(index);
        while (!stop.get() && failure.get() == null) {
            byte[] sent = new byte[LENGTH];
            random.nextBytes(sent);
            machine.write(ram(index) + 0x3000, sent); // IOVA 0x100000 maps the last page
            edu.transfer(0x10_0000, 0, LENGTH, false);
            edu.transfer(0x10_2000, 0, LENGTH, true);
            byte[] arrived = machine.read(ram(index) + 0x1000, new byte[LENGTH]);
            assertThat(arrived).as("transfer %d of edu%d", count.get(), index).isEqualTo(sent);
            count.incrementAndGet();
        }
    }

    /** Each message is sent after the interrupt of the one before was taken. */
    private void messages(
            Machine machine, EduDriver edu, GicV2Driver gic, AtomicInteger sent, AtomicInteger taken) {
        while (!stop.get() && failure.get() == null) {
            sent.incrementAndGet();
            edu.raise(1);
            long patience = System.nanoTime() + Duration.ofSeconds(30).toNanos();
            int intid = gic.take();
            while (intid == -1) {
                if (System.nanoTime() > patience) {
                    throw new AssertionError("message %d did not arrive".formatted(sent.get()));
                }
                Thread.onSpinWait();
                intid = gic.take();
            }
            assertThat(intid).isEqualTo(MSI_INTID);
            assertThat(edu.interruptStatus()).isEqualTo(1);
            edu.acknowledge(1);
            taken.incrementAndGet();
        }
    }

    private void update(String name, List<WeakReference<ClassLoader>> old) throws Exception {
        Bundle bundle = List.of(context.getBundles()).stream()
                .filter(candidate -> name.equals(candidate.getSymbolicName()))
                .findFirst()
                .orElseThrow();
        old.add(new WeakReference<>(bundle.adapt(BundleWiring.class).getClassLoader()));
        String id = ShippedFeatures.names().stream()
                .flatMap(feature -> ShippedFeatures.bundleIds(feature).stream())
                .filter(candidate -> candidate.contains(":" + name + ":"))
                .findFirst()
                .orElseThrow();
        try (InputStream jar = Files.newInputStream(ShippedFeatures.file(id))) {
            bundle.update(jar);
        }
    }

    private static void assertNothingOldIsReachable(List<WeakReference<ClassLoader>> old) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            System.gc();
            assertThat(old.stream().filter(reference -> reference.get() != null).count())
                    .as("class loaders of old bundles that are still alive, of %d", old.size())
                    .isZero();
        });
    }

    private static String history(Machine machine) {
        var text = new StringBuilder();
        for (Slot slot : machine.board().slots()) {
            text.append("\n  ").append(slot.name()).append(' ').append(slot.state());
            slot.history().reversed().stream().limit(4).forEach(entry -> text.append("\n    ").append(entry));
        }
        return text.toString();
    }
}
