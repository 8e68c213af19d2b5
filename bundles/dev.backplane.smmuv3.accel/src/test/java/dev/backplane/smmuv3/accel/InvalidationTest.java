package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands on their way to the host (IHI 0070 chapter 4). */
class InvalidationTest {
    private static final long CONTEXTS = 0x4400_0000L;
    private static final long NH_ALL = 0x10;
    private static final long NSNH_ALL = 0x30;
    private static final long ILL = 1L << 24;

    private final FakeHost host = new FakeHost();
    private TestBoard board;

    @BeforeEach
    void translateOne() throws Exception {
        translateOne(Map.of());
    }

    private void translateOne(Map<String, String> properties) throws Exception {
        board = new TestBoard(host, properties);
        board.connect(0x108, host.device("a" + properties));
        board.enabled();
        board.ste(0x108, CONTEXTS | 0b1011, 0x1000_0000L);
        board.configure(0x108);
        host.calls.clear();
    }

    private static long asid(int asid) {
        return (long) asid << 48 | 0x11;
    }

    @Test
    void goInOneBatchBeforeTheSyncCompletes() {
        assertThat(board.commands(NH_ALL, 0, asid(1), 0, 0x108_0000_0006L, 0, TestBoard.SYNC, 0) & 0xFFFF)
                .isEqualTo(board.read(TestBoard.CMDQ_PROD, 4));
        assertThat(host.calls).containsExactly("invalidate 3");
        assertThat(host.invalidated).containsExactly("10 0", "1000000000011 0", "10800000006 0");
    }

    @Test
    void goBeforeAConfigurationCommandAndWithoutASync() {
        board.translating(0x108, CONTEXTS + 0x1000);
        board.commands(asid(1), 0, 0x108_0000_0003L, 1, asid(2), 0);
        assertThat(host.calls)
                .containsExactly("invalidate 1", "alloc nested", "attach a{} nested", "free nested", "invalidate 1");
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(board.read(TestBoard.CMDQ_PROD, 4));
    }

    @Test
    void longRunsGoInSeveralBatches() {
        var words = new ArrayList<Long>();
        for (int i = 0; i < 150; i++) {
            words.add(asid(i));
            words.add(0L);
        }
        board.commands(words.stream().mapToLong(Long::longValue).toArray());
        assertThat(host.calls).containsExactly("invalidate 63", "invalidate 63", "invalidate 24");
        assertThat(host.invalidated).hasSize(150);
    }

    /** A current kernel refuses a whole batch for one reserved bit. */
    @ParameterizedTest(name = "{0} {1}, ril={2} ssidsize={3}")
    @CsvSource({
        // All bits that mean nothing are set, VMID among them: the host has its own.
        "0xFFFFFFFFFFFFFF10, 0xFFFFFFFFFFFFFFFF, on,  8, 10,               0",
        "0xFFFFFFFFFFFFFF30, 0xFFFFFFFFFFFFFFFF, on,  8, 30,               0",
        "0x0007FFFFFFFFFF11, 0xFFFFFFFFFFFFFFFF, on,  8, 7000000000011,    0",
        // TG 0: NUM, SCALE, TTL are RES0
        "0x0007FFFFFFFFFF12, 0x000012345678F3FF, on,  8, 7000000000012,    12345678f001",
        "0x0007FFFFFFFFFF13, 0x000012345678F3FF, on,  8, 13,               12345678f001",
        // TG 4K, NUM 5, SCALE 3, TTL 3
        "0x0007FFFF00305012, 0x000012345678F7FF, on,  8, 7000000305012,    12345678f701",
        // TG 16K with TTL 1 is a level that does not exist; a range stands without it
        "0x0007FFFF00305012, 0x000012345678F9FF, on,  8, 7000000305012,    12345678c801",
        // TG 64K: the address is aligned to the granule
        "0x0000000000305013, 0x000012345678FFFF, on,  8, 305013,           123456780f01",
        // Bit 25 belongs to SCALE with IDR5.DS = 1 only.
        "0x0007FFFF02305012, 0x000012345678F7FF, on,  8, 7000000305012,    12345678f701",
        "0x0000000002305013, 0x000012345678F7FF, on,  8, 305013,           12345678f701",
        // without RIL there are no ranges
        "0x0007FFFFFFFFFF12, 0x000012345678FFFF, off, 8, 7000000000012,    12345678f001",
        "0x0000010800FFF805, 0xFFFFFFFFFFFFFFFF, on,  0, 10800000005,      1",
        "0x00000108000FF805, 0x0000000000000000, on,  8, 108000ff005,      0",
        "0x00000108FFFFFB06, 0xFFFFFFFFFFFFFFFF, on,  8, 10800000006,      0",
        // ATC_INV without SSV: no SubstreamID, not global; the address aligned to its size; more than all is all
        "0x000001080007F240, 0x0000123456789003, on,  8, 10800000040,      123456788003",
        "0x000001080007FA40, 0x0000123456789FC0, on,  8, 1080007fa40,      123456789000",
        "0x0000010800000040, 0xFFFFFFFFFFFFF03F, on,  8, 10800000040,      34",
        "0x000001080007FA40, 0x0000000000000034, on,  0, 10800000040,      34",
    })
    void areReducedToTheirArchitectedFields(
            String low, String high, String ril, String ssidsize, String hostLow, String hostHigh) throws Exception {
        host.invalidated.clear();
        board.disconnect(0x108);
        translateOne(Map.of("ril", ril, "ssidsize", ssidsize));
        long legal = Long.parseUnsignedLong(low.substring(2), 16) & ~(1L << 10);
        board.commands(legal, Long.parseUnsignedLong(high.substring(2), 16), TestBoard.SYNC, 0);
        assertThat(board.activeErrors()).isZero();
        assertThat(host.invalidated).containsExactly(hostLow + " " + hostHigh);
    }

    @ParameterizedTest
    @CsvSource({
        "0x20000000005", "0x20000000006", "0x20000000040", // unknown StreamIDs
        "0x11000000005", "0x11000000006", "0x11000000040", // a stream that bypasses
        "0x1080FFFF005", "0x1080FFFF840" // a SubstreamID beyond SSIDSIZE
    })
    void commandsThatConcernNoTranslatingStreamAreConsumed(String low) throws Exception {
        translateOne(Map.of("ssidsize", "8"));
        board.connect(0x110, host.device("b"));
        board.ste(0x110, 0b1001);
        board.configure(0x110);
        host.calls.clear();
        board.commands(Long.decode(low), 0, TestBoard.SYNC, 0);
        assertThat(board.activeErrors()).isZero();
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(board.read(TestBoard.CMDQ_PROD, 4));
        assertThat(host.calls).isEmpty();
        assertThat(board.shown("invalidations", "dropped")).isEqualTo("1");
    }

    /** A host waits long for an ATC that does not answer. */
    @Test
    void endpointsWithoutAtsAreNotAsked() {
        board.translating(0x108, CONTEXTS);
        board.configure(0x108);
        host.calls.clear();
        board.commands(0x108_0000_0040L, 0x34, TestBoard.SYNC, 0);
        assertThat(host.calls).isEmpty();
        assertThat(board.activeErrors()).isZero();
    }

    @Test
    void withoutADeviceNothingIsCachedOnTheHost() {
        board.disconnect(0x108);
        host.calls.clear();
        board.commands(NSNH_ALL, 0, NH_ALL, 0, TestBoard.SYNC, 0);
        assertThat(host.calls).isEmpty();
        assertThat(board.activeErrors()).isZero();
    }

    @Test
    void aBatchThatIsCarriedOutInPartsIsResumed() {
        host.most = 2;
        board.commands(asid(1), 0, asid(2), 0, asid(3), 0, asid(4), 0, asid(5), 0, TestBoard.SYNC, 0);
        assertThat(host.invalidated).hasSize(5).doesNotHaveDuplicates();
        assertThat(host.calls).containsExactly("invalidate 5", "invalidate 3", "invalidate 1");
        assertThat(board.activeErrors()).isZero();
        assertThat(board.shown("invalidations", "resumed")).isEqualTo("2");
    }

    @ParameterizedTest
    @CsvSource({"0, false", "2, false", "4, false", "0, true", "2, true", "4, true"})
    void theQueueStopsAtTheCommandThatTheHostRefuses(int bad, boolean wholeBatches) {
        host.wholeBatches = wholeBatches;
        host.refuses = command -> command[0] >>> 48 == bad + 1;
        int first = (int) board.read(TestBoard.CMDQ_PROD, 4);
        // Between them a command that is consumed as it is.
        board.commands(asid(1), 0, asid(2), 0, asid(3), 0, 0x200_0000_0006L, 0, asid(5), 0, TestBoard.SYNC, 0);
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(ILL | first + bad);
        assertThat(board.activeErrors()).isEqualTo(1);
        assertThat(board.pulses).contains("gerror");
        assertThat(board.notes).anyMatch(note -> note.contains("command TLBI_NH_ASID was refused by the host: EIO"));
        assertThat(host.invalidated).hasSize(Math.min(bad, 3));
        host.refuses = command -> false;
        host.invalidated.clear();
        board.write(TestBoard.GERRORN, 4, board.read(TestBoard.GERROR, 4));
        assertThat(board.read(TestBoard.CMDQ_CONS, 4) & 0xFFFF).isEqualTo(board.read(TestBoard.CMDQ_PROD, 4));
        assertThat(host.invalidated).as("the rest, the refused one again").hasSize(4 - Math.min(bad, 3));
    }

    /** Unplugged between the moment in which a command was taken and the one in which it is handed on. */
    @ParameterizedTest
    @CsvSource({"0x10800000005, 1", "0x10800000006, 0", "0x10800000040, 52"})
    void aCommandForADeviceThatHasJustGoneIsNoMistakeOfTheGuest(String low, long high) throws Exception {
        board.connect(0x110, host.device("b"));
        host.refuses = command -> {
            boolean gone = (command[0] >>> 32 & 0xFFFF) == 0x108;
            if (gone) {
                board.disconnect(0x108);
            }
            return gone;
        };
        board.commands(asid(1), 0, Long.decode(low), high, asid(2), 0, TestBoard.SYNC, 0);
        assertThat(board.activeErrors()).isZero();
        assertThat(host.invalidated).containsExactly("1000000000011 0", "2000000000011 0");
    }

    @Test
    void anIllegalCommandBehindABatchStopsTheQueueThere() {
        int first = (int) board.read(TestBoard.CMDQ_PROD, 4);
        board.commands(asid(1), 0, asid(2), 0, 0xFF, 0, asid(3), 0);
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(ILL | first + 2);
        assertThat(host.invalidated).hasSize(2);
    }

    @Test
    void anIllegalCommandThatWouldBeCollectedStopsTheQueueThere() {
        int first = (int) board.read(TestBoard.CMDQ_PROD, 4);
        board.commands(asid(1), 0, 0x108_0000_0406L, 0, asid(3), 0);
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(ILL | first + 1);
        assertThat(host.invalidated).hasSize(1);
    }

    @Test
    void aHostThatDoesNothingDoesNotHoldTheQueueUp() {
        host.most = 0;
        int first = (int) board.read(TestBoard.CMDQ_PROD, 4);
        board.commands(asid(1), 0, asid(2), 0, TestBoard.SYNC, 0);
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).isEqualTo(ILL | first);
    }

    @Test
    void softwareWithoutRilMayNotGiveATgWithoutRangeOrLevel() {
        int first = (int) board.read(TestBoard.CMDQ_PROD, 4);
        board.commands(0x12, 0x400, TestBoard.SYNC, 0);
        assertThat(board.read(TestBoard.CMDQ_CONS, 4)).as("reserved with RIL").isEqualTo(ILL | first);
        assertThat(host.invalidated).isEqualTo(List.of());
    }
}
