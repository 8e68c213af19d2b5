package dev.backplane.itest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.board.Boards;
import dev.backplane.board.PlugException;
import dev.backplane.device.ResetKind;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** Bundles of assigned devices and of their SMMU come, go and change places while the hardware works on. */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class AssignmentLifeIT {
    private static final String BOARD = "life";
    private static final String ACCEL = "dev.backplane.smmuv3.accel";
    private static final String VFIO = "dev.backplane.vfio";
    private static final String SMMU = AcceleratedMachine.SMMU;
    private static final String NIC = AcceleratedMachine.NIC;
    private static final long BARS = 0x1000_0000L;
    private static final long TARGET = 0x4080_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final long EVENTS = 0x4200_0000L;
    private static final long HOST_QUEUE = 1024;

    @Inject
    private BundleContext context;

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

    private Bundles bundles;
    private Map<String, Long> before;
    private Machine machine;
    private SmmuDriver smmu;
    private PhysicalDmaDriver nic;
    private int stream;

    @Configuration
    public Option[] shipped() {
        return options(AcceleratedMachine.features());
    }

    @Before
    public void compose() throws InterruptedException {
        bundles = new Bundles(context);
        before = AcceleratedMachine.inUse(host);
        machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                AcceleratedMachine.device("arm-smmuv3", SMMU, "", "accel=on", "primary-bus=pcie.0", "ats=off",
                        "ssidsize=0", "ril=off", "oas=44", "granules=4K"),
                AcceleratedMachine.assigned(NIC, "0000:01:00.0"));
        smmu = new SmmuDriver(machine, AcceleratedMachine.base(machine, SMMU), AcceleratedMachine.SMMU_AREA);
        nic = new PhysicalDmaDriver(machine, NIC, BARS);
        stream = nic.streamId();
    }

    @After
    public void destroy() {
        boards.destroy(BOARD);
        assertThat(AcceleratedMachine.inUse(host)).as("what the host has given away").isEqualTo(before);
    }

    private void translate() {
        smmu.enable();
        smmu.attach(stream);
        smmu.map(stream, IOVA, TARGET);
        smmu.map(stream, AcceleratedMachine.MESSAGE_WINDOW, AcceleratedMachine.MESSAGE_WINDOW);
    }

    @Test
    public void theHardwareStaysAttachedWhileBothBundlesAreUpdatedUnderDmaAndMessages() throws Exception {
        translate();
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(stream, 1, GicV3Driver.FIRST_LPI);
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        var interrupts = new Interrupts(gic);
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        interrupts.await(GicV3Driver.FIRST_LPI, 1);
        for (int round = 0; round < 3; round++) {
            for (String name : List.of(ACCEL, VFIO)) {
                String slot = name.equals(ACCEL) ? SMMU : NIC;
                long handOvers = machine.slot(slot).handOvers();
                machine.board().update(slot, Bundles.shipped(name));
                assertThat(machine.slot(slot).handOvers()).isGreaterThan(handOvers);
                assertThat(AcceleratedMachine.inUse(host)).as("objects after an update of %s", name).isEqualTo(used);
                long taken = interrupts.taken(GicV3Driver.FIRST_LPI);
                interrupts.await(GicV3Driver.FIRST_LPI, taken + 3);
            }
        }
        assertThat(nic.isBusy()).as("the engine was never stopped").isTrue();
        nic.stop();
        assertThat(nic.errors()).isZero();
        assertThat(nic.lostMessages()).isZero();
        assertThat(machine.read(TARGET + 0xFFC, 4)).isEqualTo(0x1234_5678);
        assertThat(nic.fill(IOVA + 0x1000, 4, 1)).as("not mapped").isFalse();
        Awaitility.await().until(() -> smmu.takeEvent() != null);
    }

    @Test
    public void eventsThatTheHostLosesWhileNobodyTakesThemAreReported() throws Exception {
        smmu.eventQueue(EVENTS, 12); // room for all that the host keeps, so that an overflow is the host's
        translate();
        Bundle accelerated = bundles.find(ACCEL);
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        long errors = nic.errors();
        nic.fillForEver(IOVA + 0x1000, 4, 1, 0);
        accelerated.stop();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> nic.errors() > errors + 4 * HOST_QUEUE);
        nic.stop();
        assertThat(AcceleratedMachine.inUse(host)).as("the hardware stays attached").isEqualTo(used);
        accelerated.start();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> counted("losses") > 0);
        long producer = machine.read(AcceleratedMachine.base(machine, SMMU) + 0x100A8, 4);
        assertThat(producer >>> 31).as("EVENTQ_PROD.OVFLG of a queue that was never full").isZero();
        assertThat(counted("undelivered")).as("records that the guest's queue did not take").isZero();
        assertThat(nic.fill(IOVA + 0x1000, 4, 1)).as("not mapped").isFalse();
        assertThat(counted("lost")).isPositive();
        assertThat(nic.fill(IOVA, 4, 7)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(7);
    }

    private long counted(String counter) {
        return machine.slot(SMMU)
                .with(Inspectable.class, Inspectable::inspect)
                .map(node -> node.child("accelerated"))
                .map(node -> node.child("host events").child(counter))
                .map(InspectNode::value)
                .map(Long::decode)
                .orElse(-1L);
    }

    @Test
    public void theSlotGoesToAnEmulatedSmmuAndBackWhileNoAssignedStreamTranslates() throws Exception {
        smmu.enable();
        machine.board().swap(SMMU, Map.of("accel", "off", "profile", "accelerated", "stage", "1"));
        assertThat(machine.slot(SMMU).provider().orElseThrow()).contains("dev.backplane.smmuv3.emulated");
        machine.board().swap(SMMU, Map.of("accel", "on"));
        assertThat(machine.slot(SMMU).provider().orElseThrow()).contains(ACCEL);
        smmu.attach(stream);
        smmu.map(stream, IOVA, TARGET);
        assertThat(nic.fill(IOVA, 4, 5)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(5);
    }

    @Test
    public void theHardwareStaysAttachedWhenTheBitsOfSubstreamsAreGivenAnotherWay() throws Exception {
        translate();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        for (String bits : List.of("auto", "0")) { // auto was settled, to 0
            machine.board().swap(SMMU, Map.of("ssidsize", bits));
            assertThat(AcceleratedMachine.inUse(host)).as("objects with ssidsize=%s", bits).isEqualTo(used);
        }
        nic.stop();
        assertThat(nic.errors()).isZero();
        assertThat(nic.fill(IOVA + 0x1000, 4, 1)).as("not mapped").isFalse();
        Awaitility.await().until(() -> smmu.takeEvent() != null);
        smmu.entry(stream, 1, 0); // V, Config 0: abort
        assertThat(nic.fill(IOVA, 4, 1)).isFalse();
    }

    private void swapBackAndForth() throws PlugException {
        machine.board().swap(SMMU, Map.of("accel", "off", "profile", "accelerated", "stage", "1"));
        assertThat(machine.slot(SMMU).provider().orElseThrow()).contains("dev.backplane.smmuv3.emulated");
        machine.board().swap(SMMU, Map.of("accel", "on"));
        assertThat(machine.slot(SMMU).provider().orElseThrow()).contains(ACCEL);
    }

    private void swapAgainAndAgain() throws PlugException {
        // What the stream needed while it had no STE is gone after the first time.
        swapBackAndForth();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        for (int round = 0; round < 5; round++) {
            swapBackAndForth();
        }
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
    }

    @Test
    public void anAbortingStreamNeverPassesWhileTheSlotGoesBackAndForth() throws Exception {
        smmu.enable();
        smmu.entry(stream, 1, 0); // V, Config 0: abort
        nic.fillForEver(TARGET, 0x1000, 0x5EC0_11D5, 0);
        swapAgainAndAgain();
        long errors = nic.errors();
        Awaitility.await().until(() -> nic.errors() > errors);
        nic.stop();
        assertThat(nic.transfers()).as("transfers that passed").isZero();
        assertThat(machine.read(TARGET, 4)).isZero();
    }

    @Test
    public void aBypassingStreamNeverAbortsWhileTheSlotGoesBackAndForth() throws Exception {
        smmu.enable();
        smmu.entry(stream, 1 | 4 << 1, 0); // V, Config 4: bypass
        nic.fillForEver(TARGET, 0x1000, 0x600D_F00D, 0);
        swapAgainAndAgain();
        long transfers = nic.transfers();
        Awaitility.await().until(() -> nic.transfers() > transfers);
        nic.stop();
        assertThat(nic.errors()).as("accesses that failed").isZero();
    }

    @Test
    public void busMasteringThatSoftwareTakesAwayWhileNoModelServesStopsTheHardwareAtOnce() throws Exception {
        translate();
        Bundle vfio = bundles.find(VFIO);
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        long before = nic.errors();
        vfio.stop();
        assertThat(machine.config(nic.function(), 4, 2) & 4).as("Bus Master Enable").isEqualTo(4);
        machine.config(nic.function(), 4, 2, 0x2);
        machine.write(TARGET, 4, 0);
        assertThat(machine.read(TARGET, 4)).as("what the device wrote after the write of Command").isZero();
        machine.config(nic.function(), 4, 2, 0x6);
        Awaitility.await().until(() -> machine.read(TARGET, 4) == 0x1234_5678);
        machine.config(nic.function(), 4, 2, 0x2);
        vfio.start();
        assertThat(nic.isBusy()).isTrue();
        assertThat(nic.errors()).as("refused while bus mastering is off").isGreaterThan(before);
        machine.write(TARGET, 4, 0);
        assertThat(machine.read(TARGET, 4)).isZero();
        nic.stop();
    }

    /** The hardware sends on until the next model tells it to keep what is masked. */
    @Test
    public void aMessageForAVectorThatIsMaskedWhileNoModelServesPendsAndComesWhenItIsUnmasked() throws Exception {
        translate();
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(stream, 1, GicV3Driver.FIRST_LPI);
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        Bundle vfio = bundles.find(VFIO);
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        new Interrupts(gic).await(GicV3Driver.FIRST_LPI, 1);
        vfio.stop();
        nic.controlMsix(true, true);
        for (int transfer = 0; transfer < 2; transfer++) {
            machine.write(TARGET, 4, 0);
            Awaitility.await().until(() -> machine.read(TARGET, 4) == 0x1234_5678);
        }
        machine.config(nic.function(), 4, 2, 0x2);
        int taken = gic.take();
        while (taken != -1) {
            assertThat(taken).as("from before it was masked").isEqualTo(GicV3Driver.FIRST_LPI);
            taken = gic.take();
        }
        vfio.start();
        Awaitility.await().until(() -> machine.slot(NIC).provider().orElse("").contains(VFIO));
        nic.stop();
        machine.config(nic.function(), 4, 2, 0x6);
        assertThat(nic.isPending(0)).isTrue();
        assertThat(gic.take()).isEqualTo(-1);
        nic.controlMsix(true, false);
        new Interrupts(gic).await(GicV3Driver.FIRST_LPI, 1);
        assertThat(nic.isPending(0)).isFalse();
    }

    @Test
    public void aVectorThatSoftwareUnmasksWhileTheSmmuIsParkedGetsItsRouteWhenItIsBack() throws Exception {
        translate();
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(stream, 1, GicV3Driver.FIRST_LPI);
        Bundle accelerated = bundles.find(ACCEL);
        accelerated.stop();
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        MsiRoutes routes = machine.board().msiRoutes().orElseThrow();
        assertThat(routes.routes()).isEmpty();
        assertThat(routes.refusals()).first()
                .satisfies(refusal ->
                        assertThat(refusal.reason()).isEqualTo("slot smmu0, the IOMMU, is parked"));
        accelerated.start();
        Awaitility.await().until(() -> routes.routes().size() == 1);
        nic.raise(0);
        new Interrupts(gic).await(GicV3Driver.FIRST_LPI, 1);
    }

    @Test
    public void anSmmuThatIsResetWhileItsBundleIsStoppedTranslatesForNobodyAnyMore() throws Exception {
        Map<String, Long> fresh = AcceleratedMachine.inUse(host);
        translate();
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        Awaitility.await().until(() -> machine.read(TARGET, 4) == 0x1234_5678);
        Bundle accelerated = bundles.find(ACCEL);
        accelerated.stop();
        machine.board().reset(ResetKind.COLD);
        machine.write(TARGET, 4, 0);
        nic = new PhysicalDmaDriver(machine, NIC, BARS);
        assertThat(nic.isBusy()).as("the engine was reset").isFalse();
        assertThat(nic.fill(IOVA, 4, 1)).as("what the old tables map").isFalse();
        assertThat(nic.fill(TARGET, 4, 1)).as("what no model has let pass").isFalse();
        assertThat(machine.read(TARGET, 4)).isZero();
        accelerated.start();
        Awaitility.await().until(() -> machine.slot(SMMU).provider().orElse("").contains(ACCEL));
        assertThat(machine.read(AcceleratedMachine.base(machine, SMMU) + 0x20, 4)).as("SMMU_CR0").isZero();
        assertThat(nic.fill(TARGET, 4, 5)).as("bypass, as after a reset").isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(5);
        assertThat(AcceleratedMachine.inUse(host)).as("host objects").isEqualTo(fresh);
        translate();
        assertThat(nic.fill(IOVA, 4, 6)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(6);
        assertThat(nic.fill(TARGET, 4, 7)).as("not mapped").isFalse();
    }

    @Test
    public void hardwareIsResetAtOnceWhileTheBundleOfItsModelIsStopped() throws Exception {
        translate();
        smmu.map(stream, TARGET, TARGET);
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(stream, 1, GicV3Driver.FIRST_LPI);
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        nic.fillForEver(TARGET, 0x1000, 0x1234_5678, 0);
        new Interrupts(gic).await(GicV3Driver.FIRST_LPI, 1);
        Bundle vfio = bundles.find(VFIO);
        vfio.stop();
        machine.board().reset(ResetKind.COLD);
        assertThat(machine.board().msiRoutes().orElseThrow().routes()).isEmpty();
        assertThat(machine.config(nic.function(), 0x10, 4)).as("BAR0").isZero();
        machine.write(TARGET, 4, 0);
        machine.config(nic.function(), 4, 2, 0x6);
        Awaitility.await().during(Duration.ofMillis(200)).until(() -> machine.read(TARGET, 4) == 0);
        vfio.start();
        Awaitility.await().until(() -> machine.slot(NIC).provider().orElse("").contains(VFIO));
        nic = new PhysicalDmaDriver(machine, NIC, BARS);
        assertThat(nic.isBusy()).isFalse();
        assertThat(machine.read(TARGET, 4)).isZero();
        smmu = new SmmuDriver(machine, AcceleratedMachine.base(machine, SMMU), AcceleratedMachine.SMMU_AREA);
        translate();
        var again = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA + 0x10_0000);
        again.map(stream, 1, GicV3Driver.FIRST_LPI);
        assertThat(again.take()).as("an interrupt from before").isEqualTo(-1);
        nic.enableMsix(0, GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET, 0);
        nic.raise(0);
        new Interrupts(again).await(GicV3Driver.FIRST_LPI, 1);
        assertThat(nic.fill(IOVA, 4, 6)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(6);
    }

    @Test
    public void theSlotIsNotGivenToAnEmulatedSmmuWhileAnAssignedStreamTranslates() throws Exception {
        translate();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        assertThatThrownBy(() -> machine.board()
                        .swap(SMMU, Map.of("accel", "off", "profile", "accelerated", "stage", "1")))
                .isInstanceOf(PlugException.class)
                .hasMessage(("slot smmu0: the host translates for assigned devices of StreamID 0x%x, and no software "
                        + "walk can shadow-map a physical device: let the guest's driver detach them, or unplug them, "
                        + "first").formatted(stream));
        assertThat(machine.slot(SMMU).provider().orElseThrow()).contains(ACCEL);
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
        assertThat(nic.fill(IOVA, 4, 6)).isTrue();
        assertThat(machine.read(TARGET, 4)).isEqualTo(6);
    }

    @Test
    public void aParkedSlotIsNotGivenToAnEmulatedSmmuWhileTheHardwareTranslates() throws Exception {
        translate();
        Map<String, Long> used = AcceleratedMachine.inUse(host);
        Bundle accelerated = bundles.find(ACCEL);
        nic.fillForEver(IOVA, 0x1000, 0x1234_5678, 0);
        accelerated.stop();
        assertThatThrownBy(() -> machine.board()
                        .swap(SMMU, Map.of("accel", "off", "profile", "accelerated", "stage", "1")))
                .isInstanceOf(PlugException.class)
                .hasMessageStartingWith("slot smmu0: its model is away")
                .hasMessageEndingWith("start its bundle first, then swap");
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
        accelerated.start();
        Awaitility.await().until(() -> machine.slot(SMMU).provider().orElse("").contains(ACCEL));
        machine.write(TARGET, 4, 0);
        Awaitility.await().until(() -> machine.read(TARGET, 4) == 0x1234_5678);
        nic.stop();
        assertThat(nic.errors()).as("accesses that failed").isZero();
        assertThat(AcceleratedMachine.inUse(host)).isEqualTo(used);
    }
}
