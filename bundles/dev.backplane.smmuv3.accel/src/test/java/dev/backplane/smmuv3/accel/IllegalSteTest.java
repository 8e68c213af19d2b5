package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import dev.backplane.hostiommu.VeventQueue.Vevent;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.SmmuEvent;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a guest is told of transactions that find no legal STE (IHI 0070 sections 5.2, 7.3.3, 7.3.4 and 7.3.5). */
class IllegalSteTest {
    private static final long CONTEXTS = 0x4400_0000L;
    private static final int CR2 = 0x2C;
    private static final int RECINVSID = 2;
    private static final int STRTAB_BASE = 0x80;
    private static final int WITH_PASID_5 = 5 << 12 | 1 << 11;
    private static final long S1CDMAX_31 = 0xF800_0000_0000_000BL;
    private static final long S1STALLD = 1L << 27;

    private final FakeHost host = new FakeHost();
    private FakeHost.Device device;
    private TestBoard board;
    private int sequence;

    @BeforeEach
    void connectOne() throws Exception {
        board = new TestBoard(host);
        device = host.device("a");
        assertThat(board.connect(0x108, device)).isEmpty();
    }

    /** What the hardware reports of a transaction that meets the STE that it was given. */
    private void transaction(int streamId, int substream) {
        host.events.report(new Vevent.Event(
                sequence++, new long[] {(long) streamId << 32 | substream | EventType.C_BAD_STE.id(), 0, 0, 0}));
    }

    private SmmuEvent recorded(int number) {
        assertThat(board.read(TestBoard.EVENTQ_PROD, 4)).as("records").isEqualTo(number + 1L);
        long[] words = new long[4];
        for (int i = 0; i < words.length; i++) {
            words[i] = board.memory.get(TestBoard.EVENTS + 32L * number + 8L * i);
        }
        return SmmuEvent.decode(words);
    }

    @Test
    void theHostGetsOneThatItsHardwareFindsIllegal() throws Exception {
        board.programmed();
        host.calls.clear();
        board.enable(true);
        assertThat(host.calls).containsExactly("alloc vdevice 0x108", "alloc illegal", "attach a illegal");
        assertThat(device.attached.ste0).as("S1CDMax").isEqualTo(S1CDMAX_31);
        assertThat(device.attached.ste1).isEqualTo(S1STALLD);
        assertThat(board.leases.names()).contains("hwpt.illegal");
    }

    @Test
    void allStreamsShareItUntilTheLastOneIsGone() throws Exception {
        var second = host.device("b");
        board.connect(0x110, second);
        board.enabled();
        assertThat(second.attached).isSameAs(device.attached);
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("nested");
        board.ste(0x108, 0);
        host.calls.clear();
        board.configure(0x108);
        assertThat(host.calls).containsExactly("attach a illegal", "free nested");
        host.calls.clear();
        board.configure(0x108);
        assertThat(host.calls).as("once more").isEmpty();
        board.disconnect(0x108);
        board.disconnect(0x110);
        assertThat(host.objects()).isEmpty();
        assertThat(board.leases.names()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0x0", "0x4400000D", "0x4000000000000B"})
    void eachTransactionIsRecorded(String ste) throws Exception {
        board.enabled();
        board.ste(0x108, Long.decode(ste));
        board.configure(0x108);
        transaction(0x108, 0);
        assertThat(recorded(0)).isEqualTo(SmmuEvent.configuration(EventType.C_BAD_STE, 0x108, -1));
        transaction(0x108, WITH_PASID_5);
        assertThat(recorded(1)).isEqualTo(SmmuEvent.configuration(EventType.C_BAD_STE, 0x108, 5));
        assertThat(board.shown("host events", "delivered")).isEqualTo("2");
    }

    @Test
    void aStreamOutsideOfTheTableIsABadStreamId() throws Exception {
        var outside = host.device("b");
        board.connect(0x500, outside);
        board.programmed();
        board.write(CR2, 4, RECINVSID);
        board.enable(true);
        assertThat(outside.attachment()).isEqualTo("illegal");
        transaction(0x500, WITH_PASID_5);
        assertThat(recorded(0)).isEqualTo(SmmuEvent.configuration(EventType.C_BAD_STREAMID, 0x500, 5));
    }

    @Test
    void badStreamIdsAreOnlyRecordedWhenSoftwareWantsThem() throws Exception {
        var outside = host.device("b");
        board.connect(0x500, outside);
        board.enabled();
        assertThat(outside.attachment()).isEqualTo("abort");
        transaction(0x500, 0);
        assertThat(board.read(TestBoard.EVENTQ_PROD, 4)).as("one from before").isZero();
        assertThat(board.notes).contains(
                "guest: StreamID 0x500 aborts: no legal STE: the StreamID is outside the stream table");
    }

    @Test
    void anSteThatCannotBeReadIsAFetchFault() throws Exception {
        board.programmed();
        board.write(STRTAB_BASE, 8, 0x1_0000_0000L);
        board.enable(true);
        assertThat(device.attachment()).isEqualTo("illegal");
        transaction(0x108, WITH_PASID_5);
        assertThat(recorded(0))
                .isEqualTo(SmmuEvent.fetch(EventType.F_STE_FETCH, 0x108, 5, 0x1_0000_0000L + 64 * 0x108));
    }

    @Test
    void aRecordThatComesAfterTheSteBecameLegalStays() throws Exception {
        board.enabled();
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        transaction(0x108, 0);
        assertThat(recorded(0).type()).isEqualTo(EventType.C_BAD_STE);
    }

    @Test
    void otherRecordsPassAsTheyAre() throws Exception {
        board.enabled();
        long[] record = {0x108_0000_0010L, 0x8_0000_0000L, 0x1000, 0};
        host.events.report(new Vevent.Event(0, record));
        assertThat(recorded(0)).isEqualTo(SmmuEvent.decode(record));
    }

    private FakeHost.Device connect(int stallModel, int substreamBits) throws Exception {
        var plain = new FakeHost();
        board = new TestBoard(plain, Map.of("ssidsize", "0"));
        device = plain.device("a");
        device.info = new HardwareInfo(
                List.of(FakeHost.IDR0 & ~0x0300_0000 | stallModel << 24, substreamBits << 6 | 32, 0, FakeHost.IDR3, 0,
                        FakeHost.IDR5),
                0, 0, false, 0);
        assertThat(board.connect(0x108, device)).isEmpty();
        board.enabled();
        return device;
    }

    @ParameterizedTest
    @CsvSource({"0, 0, abort", "0, 1, illegal", "1, 0, illegal"})
    void aHostWhoseHardwareFindsNothingIllegalAbortsSilently(int stallModel, int substreamBits, String attachment)
            throws Exception {
        assertThat(connect(stallModel, substreamBits).attachment()).isEqualTo(attachment);
        assertThat(board.activeErrors()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"vdevice", "illegal", "attach illegal"})
    void whatTheHostRefusesAbortsSilently(String operation) throws Exception {
        host.failures.put(operation, Errno.EIO);
        board.enabled();
        assertThat(device.attachment()).isEqualTo("abort");
        assertThat(board.notes).anyMatch(note -> note.startsWith(
                "host: StreamID 0x108 (host device a) aborts without events: " + operation + ": EIO"));
        host.failures.clear();
        board.configure(0x108);
        assertThat(device.attachment()).isEqualTo("illegal");
    }

    @Test
    void suchAStreamDoesNotTranslate() throws Exception {
        board.enabled();
        assertThat(board.smmu.refuseToLeave(Map.of("accel", false))).isEmpty();
        board.commands((long) 0x108 << 32 | TestBoard.CFGI_CD_ALL, 0, TestBoard.SYNC, 0);
        assertThat(host.invalidated).isEmpty();
        assertThat(board.activeErrors()).isZero();
    }

    /** The host takes the StreamID of its records when a table is attached. */
    @Test
    void aDeviceWhoseBusIsRenumberedIsAttachedAnewUnderItsOtherStreamId() throws Exception {
        board.enabled();
        host.calls.clear();
        assertThat(board.connect(0x208, device)).isEmpty();
        assertThat(host.calls).containsExactly(
                "attach a abort", "free vdevice 0x108", "alloc vdevice 0x208", "attach a illegal");
    }

    @ParameterizedTest
    @CsvSource({"true", "false"})
    void aSuccessorAdoptsIt(boolean stateFirst) throws Exception {
        board.enabled();
        long generation = device.generation;
        var next = board.successor(Map.of());
        board.smmu.quiesce();
        var state = board.smmu.save();
        if (stateFirst) {
            next.smmu.restore(state);
        }
        assertThat(next.connect(0x108, device)).isEmpty();
        if (!stateFirst) {
            next.smmu.restore(state);
        }
        next.smmu.resume();
        board.smmu.unrealize();
        assertThat(device.generation).as("nothing is asked of the host").isEqualTo(generation);
        board = next;
        transaction(0x108, 0);
        assertThat(recorded(0).type()).isEqualTo(EventType.C_BAD_STE);
        board.disconnect(0x108);
        assertThat(host.objects()).isEmpty();
    }
}
