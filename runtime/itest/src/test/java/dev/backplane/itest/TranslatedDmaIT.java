package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.pci.Bdf;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
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

/** Devices move bytes through translated addresses, faults are recorded, and a parked SMMU holds only its own. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class TranslatedDmaIT {
    private static final long SMMU = 0x0905_0000L;
    private static final int EVENTQ_INTID = 106;
    private static final long RAM = 0x4000_0000L;
    private static final long TARGET = RAM + 0x80_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final int F_TRANSLATION = 0x10;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    private Machine machine;
    private SmmuDriver smmu;

    @Configuration
    public Option[] shipped() {
        return options(ShippedFeatures.provision(
                "backplane-core",
                "backplane-virt",
                "backplane-smmuv3-emulated",
                "backplane-gicv2m",
                "backplane-devices"));
    }

    @Before
    public void compose() throws InterruptedException {
        Board board = boards.create(new BoardDefinition(
                "dma",
                "virt",
                Map.of(
                        "gic-version", "2",
                        "iommu", "smmuv3",
                        "clock", "manual",
                        "memory", "64M",
                        "slot-timeout", "500"),
                List.of(
                        new DeviceRequest("edu", "edu0", "", "", Map.of("dma_mask", "0xffffffff")),
                        new DeviceRequest("iommu-testdev", "testdev0", "", "", Map.of()))));
        assertThat(board.awaitComplete(Duration.ofSeconds(30)))
                .as("board complete; why: %s", board.why())
                .isTrue();
        machine = new Machine(board);
        smmu = new SmmuDriver(machine, SMMU, RAM + 0x10_0000);
        smmu.enable();
    }

    @After
    public void destroy() {
        boards.destroy("dma");
    }

    private EduDriver edu() {
        var edu = new EduDriver(machine, "edu0", 0x1000_0000L);
        smmu.attach(edu.streamId());
        return edu;
    }

    @Test
    public void eduMovesBytesBothWays() {
        EduDriver edu = edu();
        smmu.map(edu.streamId(), IOVA, TARGET);
        smmu.map(edu.streamId(), IOVA + 0x1000, TARGET + 0x5000);
        machine.write(TARGET + 0xFF0, 8, 0x1122334455667788L);
        edu.transfer(IOVA + 0xFF0, 16, 8, false);
        edu.transfer(IOVA + 0x1008, 16, 8, true);
        assertThat(machine.read(TARGET + 0x5008, 8)).isEqualTo(0x1122334455667788L);
        assertThat(smmu.takeEvent()).isNull();
    }

    @Test
    public void theTestDeviceMovesBytesThroughItsMapping() {
        Bdf function = machine.slot("testdev0").pciAddress().orElseThrow();
        long bar = 0x1010_0000L;
        machine.config(function, 0x10, 4, (int) bar);
        machine.config(function, 4, 2, 0x2);
        smmu.attach(function.requesterId());
        smmu.map(function.requesterId(), IOVA, TARGET);
        machine.write(bar + 0x4, 4, IOVA + 0x40);
        machine.write(bar + 0x8, 4, 0);
        machine.write(bar + 0xC, 4, 16);
        machine.write(bar + 0x1C, 4, TARGET + 0x40);
        machine.write(bar + 0x20, 4, 0);
        machine.write(bar + 0x18, 4, 1 << 3 | 1 << 1); // valid, Non-secure space
        machine.write(bar + 0x14, 4, 1);
        machine.read(bar, 4);
        assertThat(machine.read(bar + 0x10, 4)).as("RESULT").isZero();
        assertThat(machine.read(TARGET + 0x40, 4)).isEqualTo(0x12345678L);
    }

    @Test
    public void aTransferWithoutAMappingIsRecordedAndInterrupts() throws Exception {
        EduDriver edu = edu();
        var inputs = new ConcurrentLinkedQueue<Integer>();
        try (AutoCloseable observation =
                machine.board().observeInputs("gic", (intid, asserted) -> inputs.add(asserted ? intid : 0))) {
            edu.transfer(IOVA + 8, 0, 4, true);
        }
        assertThat(inputs).contains(EVENTQ_INTID);
        long[] event = smmu.takeEvent();
        assertThat(event).as("event record").isNotNull();
        assertThat(event[0]).isEqualTo(F_TRANSLATION | (long) edu.streamId() << 32);
        assertThat(event[1]).as("RnW=0, S2=0, CLASS=IN").isEqualTo(2L << 40);
        assertThat(event[2]).as("InputAddr").isEqualTo(IOVA + 8);
        assertThat(machine.slot("edu0").state()).isEqualTo(Slot.State.RUNNING);
    }

    @Test
    public void aParkedSmmuAbortsItsDmaAfterTheTimeOutAndComesBackAsItWas() throws Exception {
        EduDriver edu = edu();
        smmu.map(edu.streamId(), IOVA, TARGET);
        DmaPort behind = machine.board().pci().requesterPort("probe", Bdf.ofRequesterId(edu.streamId()));
        var thread = machine.board().epochs().context();
        assertThat(Machine.end(thread, behind.write(thread, IOVA, 4, 0x11)).result()).isEqualTo(Done.DONE);
        long strtab = machine.read(SMMU + 0x80, 8);

        Bundle bundle = bundle("dev.backplane.smmuv3.emulated");
        bundle.stop();
        assertThat(machine.slot("smmu0").state()).isEqualTo(Slot.State.PARKED);
        assertThat(machine.slot("smmu0").why()).as("why").isNotEmpty();
        assertThat(Machine.end(thread, behind.write(thread, IOVA, 4, 0x22)).result()).isEqualTo(Fault.SLOT_TIMEOUT);
        assertThat(machine.slot("smmu0").aborts()).isEqualTo(1);
        assertThat(machine.read(TARGET, 4)).isEqualTo(0x11);
        assertThat(machine.read(0x1000_0000L, 4)).as("everything else goes on").isEqualTo(0x010000EDL);

        bundle.start();
        assertThat(machine.board().awaitComplete(Duration.ofSeconds(30)))
                .as("why: %s", machine.board().why())
                .isTrue();
        assertThat(machine.read(SMMU + 0x20, 4)).as("CR0").isEqualTo(0xD);
        assertThat(machine.read(SMMU + 0x80, 8)).as("STRTAB_BASE").isEqualTo(strtab);
        assertThat(Machine.end(thread, behind.write(thread, IOVA, 4, 0x33)).result()).isEqualTo(Done.DONE);
        assertThat(machine.read(TARGET, 4)).isEqualTo(0x33);
        assertThat(Machine.end(thread, behind.write(thread, IOVA + 0x1000, 4, 0x44)).result())
                .isEqualTo(Fault.TRANSLATION_ABORT);
        assertThat(smmu.takeEvent()).as("the event queue is where it was").isNotNull();
    }

    @Test
    public void dmaThatMeetsAParkedSmmuIsPerformedWhenItIsBack() throws Exception {
        EduDriver edu = edu();
        smmu.map(edu.streamId(), IOVA, TARGET);
        machine.write(TARGET, 4, 0x77);
        Bundle bundle = bundle("dev.backplane.smmuv3.emulated");
        edu.start(IOVA, 0, 4, false);
        bundle.stop();
        machine.stepToNextDeadline(); // the transfer meets the parked SMMU
        bundle.start();
        edu.awaitIdle();
        edu.transfer(IOVA + 0x100, 0, 4, true);
        assertThat(machine.read(TARGET + 0x100, 4)).isEqualTo(0x77);
        assertThat(machine.slot("smmu0").aborts()).isZero();
    }

    private Bundle bundle(String name) {
        return List.of(context.getBundles()).stream()
                .filter(candidate -> name.equals(candidate.getSymbolicName()))
                .findFirst()
                .orElseThrow();
    }
}
