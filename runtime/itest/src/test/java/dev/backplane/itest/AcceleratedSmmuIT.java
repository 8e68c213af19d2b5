package dev.backplane.itest;

import static dev.backplane.itest.AcceleratedMachine.MESSAGE_WINDOW;
import static org.assertj.core.api.Assertions.assertThat;
import static org.ops4j.pax.exam.CoreOptions.options;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.board.Boards;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.itest.AcceleratedMachine.Access;
import dev.backplane.itest.AcceleratedMachine.Recording;
import java.time.Duration;
import java.util.ArrayList;
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

/**
 * A device of the host moves bytes by a guest's IOVAs and interrupts it: stage 1 is the guest's, stage 2 the host's,
 * and of neither anything is walked on the board.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class AcceleratedSmmuIT {
    private static final String BOARD = "accelerated";
    private static final String HOST_DEVICE = "0000:01:00.0";
    private static final long BARS = 0x1000_0000L;
    private static final long TARGET = 0x4080_0000L;
    private static final long IOVA = 0x12_3000L;
    private static final long DOORBELL_IOVA = 0xFFFF_F000L;
    private static final long DOORBELL = GicV3Driver.DOORBELL_PAGE + GicV3Driver.DOORBELL_OFFSET;
    private static final int LPI = 8200;
    private static final int EVENT = 3;
    private static final int C_BAD_STE = 0x04;
    private static final int C_BAD_CD = 0x0A;
    private static final int F_TRANSLATION = 0x10;
    private static final int PATTERN = 0x600D_F00D;

    @Inject
    private Boards boards;

    @Inject
    private HostIommu host;

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
        before = AcceleratedMachine.inUse(host);
        machine = AcceleratedMachine.create(boards, BOARD, List.of(),
                AcceleratedMachine.smmu(AcceleratedMachine.SMMU, "pcie.0"),
                AcceleratedMachine.assigned(AcceleratedMachine.NIC, HOST_DEVICE));
        smmu = new SmmuDriver(
                machine, AcceleratedMachine.base(machine, AcceleratedMachine.SMMU), AcceleratedMachine.SMMU_AREA);
        nic = new PhysicalDmaDriver(machine, AcceleratedMachine.NIC, BARS);
        stream = nic.streamId();
    }

    @After
    public void destroy() {
        boards.destroy(BOARD);
        assertThat(AcceleratedMachine.inUse(host)).as("what the host has given away").isEqualTo(before);
    }

    private GicV3Driver gic() {
        var gic = new GicV3Driver(machine, AcceleratedMachine.GIC_AREA);
        gic.map(stream, EVENT + 1, LPI - EVENT);
        return gic;
    }

    private void translate() {
        smmu.enable();
        smmu.attach(stream);
    }

    private void identityMapMessages() {
        smmu.map(stream, MESSAGE_WINDOW, MESSAGE_WINDOW);
    }

    private long[] event() {
        var words = new ArrayList<long[]>();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            long[] taken = smmu.takeEvent();
            if (taken != null) {
                words.add(taken);
            }
            return !words.isEmpty();
        });
        return words.getFirst();
    }

    private int interrupt(GicV3Driver gic) {
        var taken = new ArrayList<Integer>();
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            int intid = gic.take();
            if (intid >= 0) {
                taken.add(intid);
            }
            return !taken.isEmpty();
        });
        return taken.getFirst();
    }

    private MsiRoutes.Route route() {
        return machine.board().msiRoutes().orElseThrow().routes().getFirst();
    }

    @Test
    public void bytesGoWhereTheGuestsTablesSayThroughTheHostsSmmuAlone() throws Exception {
        translate();
        smmu.map(stream, IOVA, TARGET);
        try (var recording = new Recording(machine.board())) {
            assertThat(nic.fill(IOVA + 0x40, 64, PATTERN)).isTrue();
            assertThat(machine.read(TARGET + 0x40, 4)).isEqualTo(PATTERN);
            assertThat(machine.read(TARGET + 0x40 + 60, 4)).isEqualTo(PATTERN);
            assertThat(machine.read(TARGET + 0x80, 4)).isZero();
            assertThat(recording.touching(TARGET, 0x1000)).as("what the VMM moved").isEmpty();
        }
        assertThat(smmu.takeEvent()).isNull();
    }

    @Test
    public void anIovaWithoutAMappingIsAnEventOfTheGuestsStream() {
        translate();
        assertThat(nic.fill(IOVA, 64, PATTERN)).isFalse();
        long[] event = event();
        assertThat(event[0] & 0xFF).isEqualTo(F_TRANSLATION);
        assertThat(event[0] >>> 32).isEqualTo(stream);
        assertThat(event[2]).isEqualTo(IOVA);
    }

    /** The host's hardware sees an STE that is illegal for it. */
    @Test
    public void aTransactionThatFindsNoLegalSteIsAnEventOfTheGuestsStream() {
        int both = 7;
        for (long ste : new long[] {0, 1 | both << 1}) {
            smmu.enable();
            smmu.entry(stream, ste, 0);
            for (int again = 0; again < 2; again++) {
                assertThat(nic.fill(IOVA, 64, PATTERN)).isFalse();
                assertThat(event()).containsExactly((long) stream << 32 | C_BAD_STE, 0, 0, 0);
            }
        }
        smmu.attach(stream);
        smmu.map(stream, IOVA, TARGET);
        assertThat(nic.fill(IOVA, 64, PATTERN)).isTrue();
        assertThat(smmu.takeEvent()).isNull();
    }

    @Test
    public void aMessageByADoorbellIovaArrivesAsTheRightInterruptByARouteThatHoldsTheDoorbell() {
        translate();
        smmu.map(stream, DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        identityMapMessages();
        GicV3Driver gic = gic();
        nic.enableMsix(2, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
        assertThat(route()).satisfies(route -> {
            assertThat(route.iova()).isEqualTo(DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET);
            assertThat(route.doorbell()).isEqualTo(DOORBELL);
            assertThat(route.data()).isEqualTo(EVENT);
            assertThat(route.deviceId()).isEqualTo(stream);
            assertThat(route.fixup()).isEqualTo(MsiRoutes.Fixup.DIRECT);
        });
        nic.raise(2);
        assertThat(interrupt(gic)).isEqualTo(LPI);
        assertThat(gic.take()).isEqualTo(-1);
        assertThat(nic.messages()).isEqualTo(1);
        assertThat(smmu.takeEvent()).isNull();
    }

    @Test
    public void withoutTheIdentityMappingOfTheMessageWindowAMessageFaultsInTheHardware() {
        translate();
        smmu.map(stream, DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        GicV3Driver gic = gic();
        nic.enableMsix(2, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
        nic.raise(2);
        long[] event = event();
        assertThat(event[0] & 0xFF).isEqualTo(F_TRANSLATION);
        assertThat(event[0] >>> 32).isEqualTo(stream);
        assertThat(event[2] & ~0xFFFL).isEqualTo(MESSAGE_WINDOW);
        assertThat(nic.lostMessages()).isEqualTo(1);
        assertThat(gic.take()).isEqualTo(-1);
        identityMapMessages();
        smmu.invalidate(stream);
        nic.raise(2);
        assertThat(interrupt(gic)).isEqualTo(LPI);
    }

    @Test
    public void theFirmwareIsToldOfTheWindowThatTheGuestHasToMapAsItIs() {
        assertThat(machine.board().firmware().toString())
                .contains(AcceleratedMachine.SMMU)
                .contains("" + MESSAGE_WINDOW);
    }

    /** What the VMM may not read: the stream's CD and all its tables. */
    private List<Access> readsOfTables(Recording recording) {
        return recording.touching(smmu.descriptor(stream), smmu.end() - smmu.descriptor(stream));
    }

    private void setUpAndDeliver(GicV3Driver gic, boolean arrives) throws Exception {
        try (var recording = new Recording(machine.board())) {
            for (int vector = 0; vector < 4; vector++) {
                nic.enableMsix(vector, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
            }
            nic.raise(1);
            nic.maskVector(1);
            nic.enableMsix(1, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
            nic.raise(1);
            if (arrives) {
                assertThat(interrupt(gic)).isEqualTo(LPI);
            }
            assertThat(route().doorbell()).isEqualTo(DOORBELL);
            assertThat(readsOfTables(recording)).as("accesses of the VMM to CD and tables").isEmpty();
        }
    }

    @Test
    public void theVmmReadsNoByteOfTheTablesWhenAMessageIsSetUpAndDelivered() throws Exception {
        translate();
        smmu.map(stream, DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        identityMapMessages();
        setUpAndDeliver(gic(), true);
    }

    @Test
    public void theVmmReadsNoByteOfHostileTables() throws Exception {
        translate();
        identityMapMessages();
        GicV3Driver gic = gic();
        long root = smmu.root(stream);
        long outside = 0xFFF_FFFF_F000L;
        for (long entry : new long[] {root | 3, outside | 3, smmu.descriptor(stream) | 3, -1, 0}) {
            for (int index = 0; index < 512; index += 73) {
                machine.write(root + index * 8, 8, entry);
            }
            machine.write(root, 8, entry);
            smmu.invalidate(stream);
            setUpAndDeliver(gic, false);
            nic.fill(IOVA, 64, PATTERN);
        }
        machine.write(smmu.descriptor(stream) + 8, 8, outside);
        smmu.invalidate(stream);
        setUpAndDeliver(gic, false);
    }

    @Test
    public void theVmmReadsNoByteOfTablesThatChangeMeanwhile() throws Exception {
        translate();
        identityMapMessages();
        smmu.map(stream, DOORBELL_IOVA, GicV3Driver.DOORBELL_PAGE);
        GicV3Driver gic = gic();
        long entry = smmu.root(stream);
        long good = machine.read(entry, 8);
        try (var load = new Load()) {
            load.start("tables", number -> machine.write(entry, 8, number % 3 == 0 ? good : number % 3 == 1 ? 0 : -1));
            for (int round = 0; round < 5; round++) {
                setUpAndDeliver(gic, false);
            }
            load.finish();
        }
    }

    @Test
    public void withS1DssBypassAndNoValidFirstDescriptorAMessageArrivesWithoutAnEvent() throws Exception {
        smmu.enable();
        smmu.attach(stream);
        GicV3Driver gic = gic();
        long descriptor = smmu.descriptor(stream);
        machine.write(descriptor, 8, 0); // as with iommu.passthrough=1 and SubstreamIDs: CD[0].V is 0
        long log2Descriptors = 1L << 59;
        int bypass = 1;
        smmu.entry(stream, 1 | 5 << 1 | descriptor | log2Descriptors, bypass | 1 << 2 | 1 << 4 | 3 << 6);
        try (var recording = new Recording(machine.board())) {
            nic.enableMsix(0, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
            assertThat(route().doorbell()).isEqualTo(DOORBELL);
            nic.raise(0);
            assertThat(interrupt(gic)).isEqualTo(LPI);
            assertThat(readsOfTables(recording)).isEmpty();
        }
        assertThat(nic.fill(TARGET, 64, PATTERN)).isTrue();
        assertThat(smmu.takeEvent()).as("C_BAD_CD of a software walk").isNull();
    }

    @Test
    public void anInvalidDescriptorThatIsNeededIsTheHardwaresEvent() {
        translate();
        machine.write(smmu.descriptor(stream), 8, 0);
        smmu.invalidate(stream);
        nic.enableMsix(0, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
        assertThat(route().doorbell()).isEqualTo(DOORBELL);
        assertThat(smmu.takeEvent()).as("C_BAD_CD of a software walk").isNull();
        assertThat(nic.fill(IOVA, 64, PATTERN)).isFalse();
        assertThat(event()[0] & 0xFF).isEqualTo(C_BAD_CD);
    }

    @Test
    public void theIommuIsAskedForTheDoorbellAlthoughTheAddressSpaceIsTheSystems() {
        // The SMMU is off: the device's address space is the system's, and the IOVA no doorbell.
        nic.enableMsix(0, DOORBELL_IOVA + GicV3Driver.DOORBELL_OFFSET, EVENT);
        assertThat(route().doorbell()).isEqualTo(DOORBELL);
        assertThat(route().fixup()).isEqualTo(MsiRoutes.Fixup.DIRECT);
    }

    @Test
    public void aWriteOfGbpaWhileTheSmmuIsEnabledMovesNoStream() {
        translate();
        smmu.map(stream, IOVA, TARGET);
        long gbpa = AcceleratedMachine.base(machine, AcceleratedMachine.SMMU) + 0x44;
        long abort = 1L << 20 | 1L << 31;
        machine.write(gbpa, 4, abort);
        assertThat(machine.read(gbpa, 4)).as("stored").isEqualTo(1L << 20);
        assertThat(nic.fill(IOVA, 64, PATTERN)).as("inert").isTrue();
        machine.write(AcceleratedMachine.base(machine, AcceleratedMachine.SMMU) + 0x20, 4, 0);
        assertThat(nic.fill(TARGET, 64, PATTERN)).as("SMMUEN is 0: GBPA.ABORT counts").isFalse();
        machine.write(gbpa, 4, 1L << 31);
        assertThat(nic.fill(TARGET, 64, PATTERN)).isTrue();
    }

    @Test
    public void eventsThatDoNotFitIntoTheGuestsQueueAreReported() {
        translate();
        long recordedBefore = hostEvents("recorded");
        long reportedBefore = reportedByTheHardware();
        nic.fillForEver(IOVA, 4, PATTERN, 0);
        Awaitility.await().until(() -> counted("undelivered") > 0);
        nic.stop();
        assertThat(nic.errors()).as("accesses that failed").isEqualTo(reportedByTheHardware() - reportedBefore);
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(
                () -> assertThat(counted("delivered") + counted("undelivered") + counted("lost"))
                        .as("what became of the hardware's records")
                        .isEqualTo(hostEvents("recorded") - recordedBefore));
        long producer = machine.read(
                AcceleratedMachine.base(machine, AcceleratedMachine.SMMU) + 0x100A8, 4);
        assertThat(producer >>> 31).as("EVENTQ_PROD.OVFLG").isEqualTo(1);
        int inQueue = 0;
        while (smmu.takeEvent() != null) {
            inQueue++;
        }
        assertThat(inQueue).as("records that software finds").isEqualTo(256);
        assertThat(counted("delivered")).isEqualTo(inQueue);
    }

    /** {@return what the hardware had to report: recorded, said by a record that is there already, or lost} */
    private long reportedByTheHardware() {
        return hostEvents("recorded") + hostEvents("merged") + hostEvents("lost, queue full");
    }

    private long hostEvents(String counter) {
        return Long.decode(host.inspect().child("host-smmu0").child("event queue").child(counter).value());
    }

    /** A host of these days refuses a whole batch for one reserved bit; what a guest may write there is left out. */
    @Test
    public void reservedBitsOfInvalidationsDoNotReachTheHost() {
        translate();
        smmu.map(stream, IOVA, TARGET);
        assertThat(nic.fill(IOVA, 4, PATTERN)).isTrue();
        smmu.map(stream, IOVA, TARGET + 0x1000);
        long reserved = 0xFFFF_FFFFL << 32;
        smmu.command(0x05 | 1 << 9 | (long) stream << 32, 1 | reserved); // CMD_CFGI_CD
        smmu.command(0x11 | 0xFL << 8 | (long) (stream + 1) << 48, reserved); // CMD_TLBI_NH_ASID
        smmu.sync();
        assertThat(nic.fill(IOVA, 4, PATTERN)).isTrue();
        assertThat(machine.read(TARGET + 0x1000, 4)).as("by the new mapping").isEqualTo(PATTERN);
    }

    private long counted(String counter) {
        InspectNode accelerated = machine.slot(AcceleratedMachine.SMMU)
                .with(Inspectable.class, Inspectable::inspect)
                .orElseThrow()
                .child("accelerated");
        return Long.decode(accelerated.child("host events").child(counter).value());
    }
}
