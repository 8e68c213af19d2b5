package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.board.Boards;
import dev.backplane.itest.AcceleratedMachine.Recording;
import java.util.List;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;

/** The control of what {@link AcceleratedSmmuIT} claims: where an emulated SMMU finds the doorbell, its reads are seen. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class SoftwareWalkIT {
    private static final String BOARD = "emulated";
    private static final long SMMU = 0x0905_0000L;
    private static final long DOORBELL_IOVA = 0x1000L;

    @Inject
    private Boards boards;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @After
    public void destroy() {
        boards.destroy(BOARD);
    }

    @Test
    public void theDoorbellOfAnEmulatedDeviceIsFoundByAWalkThatIsSeen() throws Exception {
        Machine machine = AcceleratedMachine.create(boards, BOARD, List.of("iommu=smmuv3"),
                AcceleratedMachine.device("edu", "edu0", "", "dma_mask=0xffffffff", "irqfd=on"));
        var smmu = new SmmuDriver(machine, SMMU, AcceleratedMachine.SMMU_AREA);
        smmu.enable();
        var edu = new EduDriver(machine, "edu0", 0x1000_0000L);
        smmu.attach(edu.streamId());
        smmu.map(edu.streamId(), DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(edu.streamId(), 1, GicV3Driver.FIRST_LPI);
        var interrupts = new Interrupts(gic);
        try (var recording = new Recording(machine.board())) {
            edu.enableMsi(DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, 0);
            edu.raise(1);
            interrupts.await(GicV3Driver.FIRST_LPI, 1);
            long descriptor = smmu.descriptor(edu.streamId());
            assertThat(recording.touching(descriptor, 64)).as("reads of the CD").isNotEmpty()
                    .allMatch(access -> !access.write());
            assertThat(recording.touching(smmu.root(edu.streamId()), 0x1000)).as("reads of the table").isNotEmpty();
        }
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).singleElement().satisfies(route -> {
            assertThat(route.fixup()).isEqualTo(MsiRoutes.Fixup.TRANSLATED);
            assertThat(route.doorbell()).isEqualTo(GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET);
        });
    }
}
