package dev.backplane.itest;

import static dev.backplane.itest.CopyEngineDriver.COPY;
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

/** The ways in which what is behind a slot can change, each while a device's DMA flows: no byte is lost. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class WaysToChangeIT {
    private static final String EXAMPLE = "copy-engine";
    private static final String PROVIDER = "com.example.copyengine";
    private static final String LIBRARY = "dev.backplane.smmuv3.arch";
    private static final long RAM = 0x4000_0000L;
    private static final long SOURCE = RAM + 0x200_0000;
    private static final long TARGET = RAM + 0x210_0000;
    private static final int LENGTH = 0x4000;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Bundles bundles;
    private Bundle installed;
    private Machine machine;
    private CopyEngineDriver driver;
    private SmmuDriver smmu;
    private Load load;
    private Slot slot;

    @Configuration
    public Option[] shipped() throws Exception {
        var example = new ExampleProject(EXAMPLE);
        example.build("1.1.0");
        example.buildEarlier("1.0.0");
        return options(ShippedFeatures.provision(
                "backplane-core", "backplane-virt", "backplane-smmuv3-emulated", "backplane-gicv3",
                "backplane-devices"));
    }

    @Before
    public void startLoad() throws Exception {
        bundles = new Bundles(context);
        installed = bundles.start(ExampleProject.jar(EXAMPLE, "1.0.0"));
        Board board = boards.create(new BoardDefinition(
                "ways",
                "virt",
                Map.of(
                        "gic-version", "3",
                        "iommu", "smmuv3",
                        "clock", "manual",
                        "memory", "64M",
                        "slot-timeout", "60000"),
                List.of(
                        new DeviceRequest(EXAMPLE, "copy0", "", "", Map.of()),
                        new DeviceRequest("edu", "edu0", "", "", Map.of("dma_mask", "0xffffffff")))));
        assertThat(board.awaitComplete(PATIENCE)).as("board complete; why: %s", board.why()).isTrue();
        machine = new Machine(board);
        slot = machine.slot("copy0");
        smmu = new SmmuDriver(machine, 0x0905_0000L, RAM + 0x10_0000);
        smmu.enable();
        driver = new CopyEngineDriver(machine, "copy0", 0x1000_0000L, RAM + 0x20_0000);
        smmu.attach(driver.streamId());
        smmu.map(driver.streamId(), RAM + 0x20_0000, RAM + 0x20_0000);
        for (long page = 0; page < LENGTH; page += 0x1000) {
            smmu.map(driver.streamId(), SOURCE + page, SOURCE + page);
            smmu.map(driver.streamId(), TARGET + page, TARGET + page);
        }
        driver.enable(0);
        load = new Load();
        load.start("copies", number -> {
            var data = new byte[LENGTH];
            new SplittableRandom(number).nextBytes(data);
            machine.write(SOURCE, data);
            assertThat(driver.run(0, COPY, false, LENGTH, SOURCE, TARGET)).as("copy %d", number).isEqualTo(1);
            assertThat(machine.read(TARGET, new byte[LENGTH])).as("copy %d", number).isEqualTo(data);
        });
        load.awaitProgress(5);
    }

    @After
    public void nothingWasLost() throws Exception {
        try {
            load.awaitProgress(5);
            load.finish();
            assertThat(slot.state()).as("%s", slot.why()).isEqualTo(Slot.State.RUNNING);
            assertThat(slot.aborts()).isZero();
            assertThat(machine.slot("smmu0").aborts()).isZero();
            assertThat(smmu.takeEvent()).as("an event record").isNull();
            bundles.assertNothingOldIsReachable();
        } finally {
            load.close();
            boards.destroy("ways");
            for (Bundle bundle : context.getBundles()) {
                if (PROVIDER.equals(bundle.getSymbolicName())) {
                    bundle.uninstall();
                }
            }
        }
    }

    private void awaitServedBy(String version) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(slot.provider().orElse("nobody; why: " + slot.why()))
                .contains(version));
    }

    @Test
    public void uninstallAndInstallOfAnotherVersion() throws Exception {
        installed = bundles.reinstall(installed, ExampleProject.jar(EXAMPLE, "1.1.0"));
        awaitServedBy("1.1.0");
    }

    @Test
    public void stopAndStart() throws Exception {
        Bundles.restart(installed);
        awaitServedBy("1.0.0");
    }

    @Test
    public void refreshOfALibraryThatSeveralProvidersWireTo() throws Exception {
        for (int round = 0; round < 3; round++) {
            bundles.refresh(List.of(bundles.find(LIBRARY)));
            await().atMost(PATIENCE).until(() -> machine.slot("smmu0").state() == Slot.State.RUNNING);
        }
    }

    @Test
    public void anotherProviderOfTheTypeIsSelected() throws Exception {
        bundles.start(ExampleProject.jar(EXAMPLE, "1.1.0"));
        load.awaitProgress(5);
        assertThat(slot.provider().orElseThrow()).as("the first goes on until another is asked for").contains("1.0.0");
        machine.board().select("copy0", Long.toString(newest().getBundleId()));
        awaitServedBy("1.1.0");
        PlugException refused = catchThrowableOfType(
                PlugException.class,
                () -> machine.board().select("copy0", Long.toString(installed.getBundleId())));
        assertThat(refused).hasMessageContaining("layout version 2");
        assertThat(slot.provider().orElseThrow()).contains("1.1.0");
    }

    private Bundle newest() {
        for (Bundle bundle : context.getBundles()) {
            if (PROVIDER.equals(bundle.getSymbolicName()) && bundle.getVersion().toString().equals("1.1.0")) {
                return bundle;
            }
        }
        throw new AssertionError("1.1.0 is not installed");
    }

    @Test
    public void whenTheSelectedProviderGoesTheOtherTakesOverIfItCan() throws Exception {
        Bundle beside = bundles.start(ExampleProject.jar(EXAMPLE, "1.1.0"));
        bundles.leaving(installed);
        installed.uninstall();
        awaitServedBy("1.1.0");
        assertThat(beside.getState()).isEqualTo(Bundle.ACTIVE);
    }

    @Test
    public void otherPropertyValuesAreSwappedIn() throws Exception {
        machine.board().swap("edu0", Map.of("dma_mask", "0xfffffff"));
        assertThat(machine.slot("edu0").properties()).containsEntry("dma_mask", 0xFFF_FFFFL);
        assertThat(machine.slot("edu0").state()).isEqualTo(Slot.State.RUNNING);
    }

    @Test
    public void aSwapThatCannotTakeTheStateOverIsRefused() {
        PlugException refused = catchThrowableOfType(
                PlugException.class, () -> machine.board().swap("copy0", Map.of("queues", "2")));
        assertThat(refused).hasMessageContaining("copy0");
        assertThat(slot.properties()).containsEntry("queues", 4L);
    }

    @Test
    public void aNewVersionBesideTheOld() throws Exception {
        bundles.leaving(installed);
        machine.board().update("copy0", ExampleProject.jar(EXAMPLE, "1.1.0"));
        assertThat(slot.provider().orElseThrow()).contains("1.1.0");
    }
}
