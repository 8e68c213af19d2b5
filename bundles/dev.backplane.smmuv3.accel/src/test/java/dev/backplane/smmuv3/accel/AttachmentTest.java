package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.inspect.InspectNode;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciRequester;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where the DMA of assigned devices goes (IHI 0070 sections 3.11, 3.21, 4.3, 5.2, 6.3.9 and 6.3.15). */
class AttachmentTest {
    private static final long CONTEXTS = 0x4400_0000L;
    private static final long GBPA_ABORT = 0x8010_1000L;
    private static final long GBPA_PASS = 0x8000_1000L;

    private final FakeHost host = new FakeHost();
    private FakeHost.Device device;
    private TestBoard board;

    @BeforeEach
    void connectOne() throws Exception {
        board = new TestBoard(host);
        device = host.device("a");
        assertThat(board.connect(0x108, device)).isEmpty();
        board.ste(0x108, 1);
    }

    @Test
    void theFirstDeviceSetsUpTheSliceAndTheLastOneTakesItDown() throws Exception {
        assertThat(host.objects()).containsExactly("abort", "bypass", "events", "viommu");
        assertThat(board.leases.names()).containsExactly("viommu", "hwpt.abort", "hwpt.bypass", "veventq");
        var second = host.device("b");
        assertThat(board.connect(0x110, second)).isEmpty();
        assertThat(host.objects()).hasSize(4);
        board.disconnect(0x108);
        assertThat(device.attachment()).isEqualTo("stage2");
        assertThat(host.objects()).hasSize(4);
        board.disconnect(0x110);
        assertThat(host.objects()).isEmpty();
        assertThat(board.leases.names()).isEmpty();
        assertThat(board.connect(0x110, second)).as("again").isEmpty();
    }

    @Test
    void aStreamIdHasOneDevice() {
        assertThat(board.connect(0x108, host.device("b")))
                .contains("StreamID 0x108 already has the host device a: b cannot have it too");
        assertThat(host.objects()).hasSize(4);
    }

    @Test
    void devicesBehindAnotherSmmuAreRefused() {
        var other = host.device("b", "smmu.b");
        assertThat(board.connect(0x110, other).orElseThrow())
                .startsWith("host device b is behind another physical SMMU than a: put it on a root bus with an "
                        + "accelerated SMMU of its own");
        assertThat(other.attachment()).isEqualTo("stage2");
        assertThat(host.objects()).hasSize(4);
    }

    @Test
    void devicesBehindBusesWithoutNumberDoNotCollide() throws Exception {
        var one = host.device("b");
        var two = host.device("c");
        assertThat(board.connect(0, one)).isEmpty();
        assertThat(board.connect(0, two)).isEmpty();
        board.enabled();
        assertThat(one.attachment()).isEqualTo("abort");
        board.ste(0x200, 0b1001);
        board.configure(0x200);
        assertThat(board.connect(0x200, one)).as("its bus has a number now").isEmpty();
        assertThat(one.attachment()).isEqualTo("bypass");
        assertThat(two.attachment()).isEqualTo("abort");
    }

    @Test
    void whileDisabledGbpaDecides() throws Exception {
        board.programmed();
        assertThat(device.attachment()).isEqualTo("bypass");
        board.write(TestBoard.GBPA, 4, GBPA_ABORT);
        assertThat(device.attachment()).isEqualTo("abort");
        assertThat(board.read(TestBoard.GBPA, 4)).as("UPDATE is clear when it is done").isEqualTo(0x10_1000);
        var late = host.device("b");
        board.connect(0x110, late);
        assertThat(late.attachment()).as("plugged later").isEqualTo("abort");
        board.write(TestBoard.GBPA, 4, GBPA_PASS);
        assertThat(device.attachment()).isEqualTo("bypass");
    }

    /** The peer applies GBPA to all devices at once, even while the SMMU translates. */
    @Test
    void gbpaWrittenWhileEnabledIsStoredAndInert() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        long before = device.generation;
        host.calls.clear();
        board.write(TestBoard.GBPA, 4, GBPA_ABORT);
        assertThat(device.generation).isEqualTo(before);
        assertThat(host.calls).isEmpty();
        assertThat(board.read(TestBoard.GBPA, 4)).isEqualTo(0x10_1000);
        board.enable(false);
        assertThat(device.attachment()).as("it counts when the SMMU is disabled").isEqualTo("abort");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0x0          | illegal | no legal STE: STE.V is 0",
        "0x1          | abort  | STE.Config",
        "0x7          | abort  | STE.Config",
        "0x9          | bypass | STE.Config",
        "0x4400000B   | nested | STE.Config",
        "0x4400000D   | illegal | no legal STE: STE.Config enables stage 2, which is not supported",
        "0x4400000F   | illegal | no legal STE: STE.Config enables stage 2, which is not supported",
        "0x4000000000000B | illegal | no legal STE: STE.S1ContextPtr exceeds the address size",
    })
    void theSteDecidesWhileEnabled(String ste, String attachment, String reason) throws Exception {
        board.enabled();
        board.ste(0x108, Long.decode(ste), 0);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo(attachment);
        assertThat(board.activeErrors()).as("a bad STE is no command error").isZero();
        assertThat(board.smmu.inspect().child("accelerated").child("streams").child("StreamID").child("attached to")
                .note()).isEqualTo(reason);
    }

    @ParameterizedTest
    @CsvSource({"0x10800000003, 1", "0x10800000003, 0", "0x10000000004, 0x3", "0x4, 31", "0x10F00000004, 0x2"})
    void everyWayToNameAStreamReadsItsSte(String low, String high) throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.commands(Long.decode(low), Long.decode(high), TestBoard.SYNC, 0);
        assertThat(device.attachment()).isEqualTo("nested");
        assertThat(device.attached.ste0).isEqualTo(CONTEXTS | 0b1011);
    }

    @ParameterizedTest
    @CsvSource({"0x10900000003, 1", "0x11000000004, 0x3", "0x10800000005, 0"})
    void commandsForOthersLeaveIt(String low, String high) throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.commands(Long.decode(low), Long.decode(high), TestBoard.SYNC, 0);
        assertThat(device.attachment()).isEqualTo("abort");
    }

    @Test
    void aTableIsReplacedWithoutAMomentInBetweenAndFreedAfter() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        host.calls.clear();
        board.configure(0x108);
        assertThat(host.calls).containsExactly("alloc vdevice 0x108", "alloc nested", "attach a nested");
        board.translating(0x108, CONTEXTS + 0x1000);
        host.calls.clear();
        board.configure(0x108);
        assertThat(host.calls).containsExactly("alloc nested", "attach a nested", "free nested");
        board.ste(0x108, 0b1001);
        host.calls.clear();
        board.configure(0x108);
        assertThat(host.calls).containsExactly("attach a bypass", "free nested");
        assertThat(host.objects()).contains("vdevice 0x108");
        board.disconnect(0x108);
        assertThat(host.objects()).isEmpty();
    }

    /** CMD_CFGI_STE drops the CDs too; a host that is given the same STE again would not. */
    @Test
    void theSameSteAgainDropsItsContextDescriptors() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        host.calls.clear();
        for (int storm = 0; storm < 100; storm++) {
            board.configure(0x108);
        }
        assertThat(host.calls).hasSize(100).containsOnly("invalidate 1");
        assertThat(host.invalidated).containsOnly("10800000006 0");
    }

    @Test
    void onlyWhatTheHostTakesIsHandedOn() throws Exception {
        board = new TestBoard(new FakeHost(), Map.of("ssidsize", "0", "ats", "off"));
        var plain = board.host.device("a");
        board.connect(0x108, plain);
        board.enabled();
        // All fields set that mean nothing here: S1Fmt, S1CDMax, S1DSS, MEV, DCP, EATS, MTCFG, SHCFG, stage 2.
        board.ste(0x108, 0x2800_0000_0000_0000L | CONTEXTS | 0x1B, 0x0003_3011_100A_12FEL, -1, -1, -1, -1, -1, -1);
        board.configure(0x108);
        assertThat(plain.attachment()).isEqualTo("nested");
        assertThat(plain.attached.ste0).isEqualTo(CONTEXTS | 0b1011);
        assertThat(plain.attached.ste1).isEqualTo(0xFC);
    }

    @ParameterizedTest
    @CsvSource({
        // S1CDMax 3, two-level; S1DSS bypass; EATS full: kept where they are shown
        "0x180000004400001B, 0x10000001, 0x180000004400001B, 0x10000001",
        // reserved S1DSS behaves as terminate, reserved EATS as none
        "0x180000004400001B, 0x30000003, 0x180000004400001B, 0x0",
        // without S1CDMax neither S1Fmt nor S1DSS counts
        "0x4400002B, 0x2, 0x4400000B, 0x0",
        // allowed attributes of CD fetches
        "0x4400000B, 0xFC, 0x4400000B, 0xFC",
    })
    void fieldsThatAreShownAreKept(String ste0, String ste1, String host0, String host1) throws Exception {
        board.enabled();
        board.ste(0x108, Long.decode(ste0), Long.decode(ste1));
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("nested");
        assertThat(device.attached.ste0).isEqualTo(Long.decode(host0));
        assertThat(device.attached.ste1).isEqualTo(Long.decode(host1));
    }

    @Test
    void splitStageAtsIsIllegal() throws Exception {
        board.enabled();
        board.ste(0x108, CONTEXTS | 0b1011, 0x2000_0000L);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("illegal");
    }

    /** The guest is shown that nothing stalls, so CDs that ask for it are illegal; a host that can stall is told so. */
    @Test
    void aHostThatCanStallIsToldNotTo() throws Exception {
        var stalling = host.device("b");
        stalling.info = new HardwareInfo(
                List.of(FakeHost.IDR0 & ~0x0300_0000, FakeHost.IDR1, 0, FakeHost.IDR3, 0, FakeHost.IDR5), 0, 0, false, 0);
        assertThat(board.connect(0x110, stalling)).isEmpty();
        board.enabled();
        board.translating(0x110, CONTEXTS);
        board.configure(0x110);
        assertThat(stalling.attached.ste1).isEqualTo(1L << 27);
    }

    /** The peer re-attaches nothing when SMMUEN changes and relies on CMD_CFGI_*. */
    @Test
    void everyChangeOfSmmuenReachesAllStreamsBeforeItIsAcknowledged() throws Exception {
        var second = host.device("b");
        board.connect(0x110, second);
        board.programmed();
        board.translating(0x108, CONTEXTS);
        board.ste(0x110, 1);
        board.enable(true);
        assertThat(board.read(TestBoard.CR0ACK, 4) & 1).isEqualTo(1);
        assertThat(device.attachment()).isEqualTo("nested");
        assertThat(second.attachment()).isEqualTo("abort");
        board.enable(false);
        assertThat(board.read(TestBoard.CR0ACK, 4) & 1).isZero();
        assertThat(device.attachment()).isEqualTo("bypass");
        assertThat(second.attachment()).isEqualTo("bypass");
        assertThat(host.objects()).doesNotContain("nested");
        for (int i = 0; i < 50; i++) {
            board.enable(i % 2 == 0);
        }
        assertThat(device.attachment()).isEqualTo("bypass");
        assertThat(host.objects()).hasSize(5).contains("vdevice 0x108");
    }

    @Test
    void commandsWhileDisabledChangeNothing() throws Exception {
        board.programmed();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("bypass");
    }

    @Test
    void resetLetsStreamsPass() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        board.reset();
        assertThat(device.attachment()).isEqualTo("bypass");
        assertThat(host.objects()).doesNotContain("nested");
        board.write(TestBoard.GBPA, 4, GBPA_ABORT);
        board.reset();
        assertThat(device.attachment()).isEqualTo("bypass");
    }

    @Test
    void aDeviceThatIsPluggedLateIsAttachedAsItsSteSays() throws Exception {
        board.enabled();
        board.translating(0x110, CONTEXTS);
        board.configure(0x110);
        var late = host.device("b");
        assertThat(board.connect(0x110, late)).isEmpty();
        assertThat(late.attachment()).isEqualTo("nested");
        board.disconnect(0x110);
        assertThat(late.attachment()).isEqualTo("stage2");
        assertThat(host.objects()).hasSize(4);
    }

    /** The peer keeps vDEVICEs under the StreamID that they were made with. */
    @Test
    void renumberedBusesGiveDevicesOtherStreamIds() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.translating(0x208, CONTEXTS + 0x1000);
        board.configure(0x108);
        assertThat(board.connect(0x208, device)).isEmpty();
        assertThat(device.attachment()).isEqualTo("nested");
        assertThat(device.attached.ste0).isEqualTo(CONTEXTS + 0x1000 | 0b1011);
        assertThat(host.objects()).contains("vdevice 0x208").doesNotContain("vdevice 0x108").hasSize(6);
        assertThat(board.connect(0x308, device)).as("no STE there").isEmpty();
        assertThat(device.attachment()).isEqualTo("illegal");
        assertThat(board.connect(0x108, host.device("b"))).as("the old one is free").isEmpty();
    }

    @Test
    void streamsAreThoseOfAliases() throws Exception {
        var behind = host.device("b");
        var function = new PciRequester(new Bdf(3, 1, 0),
                new Bdf(3, 0, 0), "vfio-pci",
                PciRequester.Kind.ASSIGNED_ENDPOINT);
        assertThat(board.smmu.iommuOps().setIommuDevice(function, behind)).isEmpty();
        board.programmed();
        board.enable(true);
        board.translating(0x300, CONTEXTS);
        board.configure(0x300);
        assertThat(behind.attachment()).isEqualTo("nested");
        board.smmu.iommuOps().unsetIommuDevice(function);
        assertThat(behind.attachment()).isEqualTo("stage2");
    }

    @ParameterizedTest
    @CsvSource({"viommu", "abort", "bypass", "events", "attach bypass"})
    void aFirstDeviceThatFailsLeavesNothing(String operation) throws Exception {
        board.disconnect(0x108);
        host.failures.put(operation, Errno.ENOMEM);
        assertThat(board.connect(0x108, device).orElseThrow())
                .startsWith("host device a cannot be behind this SMMU: ").contains("ENOMEM");
        assertThat(host.objects()).isEmpty();
        assertThat(board.leases.names()).isEmpty();
        assertThat(device.attachment()).isEqualTo("stage2");
        host.failures.clear();
        assertThat(board.connect(0x108, device)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"vdevice", "nested", "attach nested"})
    void aLaterDeviceThatFailsLeavesNothing(String operation) throws Exception {
        board.enabled();
        board.translating(0x110, CONTEXTS);
        var late = host.device("b");
        host.failures.put(operation, Errno.ENOMEM);
        assertThat(board.connect(0x110, late).orElseThrow()).contains("b cannot be behind this SMMU", "ENOMEM");
        assertThat(late.attachment()).isEqualTo("stage2");
        assertThat(host.objects()).hasSize(4);
        host.failures.put(operation, Errno.EIO);
        if (!operation.equals("vdevice")) {
            assertThat(board.connect(0x110, late)).as("an STE that hardware refuses is the guest's").isEmpty();
            assertThat(late.attachment()).isEqualTo("abort");
        }
    }

    @ParameterizedTest
    @CsvSource({"vdevice, 4", "nested, 5", "attach nested, 5"})
    void whatTheHostRefusesAbortsWithoutACommandError(String operation, int objects) throws Exception {
        board.enabled();
        board.ste(0x108, 0b1001);
        board.configure(0x108);
        board.translating(0x108, CONTEXTS);
        host.failures.put(operation, Errno.EIO);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("abort");
        assertThat(board.activeErrors()).isZero();
        assertThat(host.objects()).hasSize(objects);
        assertThat(board.notes).anyMatch(note -> note.startsWith("host: StreamID 0x108 (host device a) aborts: "));
        assertThat(board.shown("attachments", "failed")).isEqualTo("1");
        host.failures.clear();
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("nested");
        board.disconnect(0x108);
        assertThat(host.objects()).isEmpty();
    }

    private String why() {
        InspectNode streams = board.smmu.inspect().child("accelerated").child("streams");
        return streams.children().getFirst().child("attached to").note();
    }

    @Test
    void aStreamThatCannotEvenAbortIsDetached() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        board.ste(0x108, 1);
        host.failures.put("attach abort", Errno.ENOMEM);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("detached");
        assertThat(why()).isEqualTo("refused by the host: attach abort: ENOMEM: as the test has it");
        assertThat(host.objects()).doesNotContain("nested");
        host.failures.put("block", Errno.ENOMEM);
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        board.ste(0x108, 1);
        board.configure(0x108);
        assertThat(board.notes).anyMatch(note -> note.contains("host device a cannot be stopped"));
        host.failures.clear();
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("abort");
    }

    @Test
    void whatTheHostWillNotFreeStaysTheSlots() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        host.failures.put("close nested", Errno.EBUSY);
        board.ste(0x108, 0b1001);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("bypass");
        assertThat(board.leases.names()).anyMatch(name -> name.startsWith("hwpt.0x108."));
        assertThat(board.notes).anyMatch(note -> note.contains("is kept: close nested: EBUSY"));
    }

    @Test
    void aDeviceThatCannotBeGivenBackIsCutOff() {
        host.failures.put("pass", Errno.EINVAL);
        board.disconnect(0x108);
        assertThat(device.attachment()).isEqualTo("detached");
        assertThat(host.objects()).isEmpty();
        assertThat(board.notes).anyMatch(note -> note.contains("host device a is not attached to the guest's memory"));
    }

    @Test
    void showsEveryStream() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        var stream = board.smmu.inspect().child("accelerated").child("streams").child("StreamID");
        assertThat(stream.value()).isEqualTo("0x108");
        assertThat(stream.child("host device").value()).isEqualTo("a");
        assertThat(stream.child("attached to").value()).isEqualTo("nested");
        assertThat(stream.child("table").value()).isEqualTo("id " + device.attached.id);
        assertThat(stream.child("vDEVICE").value()).startsWith("id ");
        assertThat(stream.child("host IDR0").value()).isEqualTo("0x0d4c101b");
        assertThat(board.smmu.inspect().child("accelerated").child("vIOMMU").value()).startsWith("id ");
        assertThat(board.shown("shown to the guest", "IDR0")).isEqualTo("0x0d48141a");
    }
}
