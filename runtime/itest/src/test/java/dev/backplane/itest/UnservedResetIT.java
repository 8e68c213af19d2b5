package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.device.ResetKind;
import dev.backplane.pci.Bdf;
import java.time.Duration;
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
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A board is reset while bundles of its devices are stopped: nothing of the time before comes back with them. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class UnservedResetIT {
    private static final String BOARD = "reset";
    private static final List<String> PROVIDERS =
            List.of("dev.backplane.devices", "dev.backplane.smmuv3.emulated", "dev.backplane.gicv3");
    private static final long RAM = 0x4000_0000L;
    private static final long SMMU = 0x0905_0000L;
    private static final long BAR = 0x1000_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final long DOORBELL_IOVA = 0xFFF_F000L;
    private static final long TARGET = RAM + 0x200_0000;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Machine machine;
    private SmmuDriver smmu;
    private EduDriver edu;
    private GicV3Driver gic;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core", "backplane-virt", "backplane-smmuv3-emulated", "backplane-gicv3",
                "backplane-devices"));
    }

    @Before
    public void boot() throws Exception {
        Board board = boards.create(new BoardDefinition(
                BOARD,
                "virt",
                Map.of("gic-version", "3", "iommu", "smmuv3", "clock", "manual", "memory", "64M",
                        "slot-timeout", "60000"),
                List.of(new DeviceRequest("edu", "edu0", "", "", Map.of("dma_mask", "0xffffffff")))));
        assertThat(board.awaitComplete(Duration.ofSeconds(30))).as("%s", board.why()).isTrue();
        machine = new Machine(board);
        drive(RAM + 0x10_0000, RAM + 0x100_0000);
    }

    @After
    public void destroy() {
        boards.destroy(BOARD);
    }

    /** As the guest's drivers do when it boots. */
    private void drive(long smmuArea, long gicArea) {
        edu = new EduDriver(machine, "edu0", BAR);
        smmu = new SmmuDriver(machine, SMMU, smmuArea);
        smmu.enable();
        smmu.attach(edu.streamId());
        smmu.map(edu.streamId(), IOVA, TARGET);
        smmu.map(edu.streamId(), DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        gic = new GicV3Driver(machine, gicArea);
        gic.map(edu.streamId(), 1, GicV3Driver.FIRST_LPI);
        edu.enableMsi(DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, 0);
    }

    @Test
    public void everyDeviceIsAsAfterAFreshStart() throws Exception {
        machine.write(TARGET, 4, 0x1234_5678);
        edu.transfer(IOVA, 0, 4, false);
        edu.raise(1);
        var bundles = new Bundles(context);
        List<Bundle> stopped = PROVIDERS.stream().map(bundles::find).toList();
        for (Bundle bundle : stopped) {
            bundle.stop();
        }
        assertThat(machine.slot("smmu0").state()).isEqualTo(Slot.State.PARKED);
        machine.board().reset(ResetKind.COLD);
        Bdf function = machine.slot("edu0").pciAddress().orElseThrow();
        assertThat(machine.config(function, 0x10, 4)).as("BAR0").isZero();
        assertThat(machine.config(function, 0x04, 2)).as("Command").isZero();
        for (Bundle bundle : stopped) {
            bundle.start();
        }
        assertThat(machine.board().awaitComplete(Duration.ofSeconds(30))).as("%s", machine.board().why()).isTrue();
        assertThat(machine.slot("edu0").history()).extracting("event").contains("RESET").doesNotContain("RESUMED");

        assertThat(machine.read(SMMU + 0x20, 4)).as("SMMU_CR0").isZero();
        assertThat(machine.read(SMMU + 0x80, 8)).as("SMMU_STRTAB_BASE").isZero();
        assertThat(machine.read(TARGET, 4)).as("RAM").isEqualTo(0x1234_5678);
        edu = new EduDriver(machine, "edu0", BAR);
        assertThat(edu.interruptStatus()).isZero();
        edu.transfer(TARGET + 0x10, 0, 4, true);
        assertThat(machine.read(TARGET + 0x10, 4)).as("the device's buffer, past the SMMU").isZero();

        drive(RAM + 0x40_0000, RAM + 0x140_0000);
        assertThat(gic.take()).as("an LPI from before").isEqualTo(-1);
        edu.raise(2);
        assertThat(gic.take()).isEqualTo(GicV3Driver.FIRST_LPI);
        machine.write(TARGET, 4, 0x600D_F00D);
        edu.transfer(IOVA, 0, 4, false);
        edu.transfer(IOVA + 0x10, 0, 4, true);
        assertThat(machine.read(TARGET + 0x10, 4)).isEqualTo(0x600D_F00D);
        assertThat(smmu.takeEvent()).as("an event record").isNull();
    }
}
