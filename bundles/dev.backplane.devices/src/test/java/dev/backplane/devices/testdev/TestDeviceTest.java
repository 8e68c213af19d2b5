package dev.backplane.devices.testdev;

import static dev.backplane.devices.fake.FakeBoard.RAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.devices.fake.Bus;
import dev.backplane.devices.fake.FakeBoard;
import dev.backplane.memory.TransactionResult;
import java.util.LinkedHashMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TestDeviceTest {
    private static final long TRIGGER = 0x00;
    private static final long GVA_LO = 0x04;
    private static final long GVA_HI = 0x08;
    private static final long LEN = 0x0C;
    private static final long RESULT = 0x10;
    private static final long DBELL = 0x14;
    private static final long ATTRS = 0x18;
    private static final long GPA_LO = 0x1C;
    private static final long GPA_HI = 0x20;

    private static final long IDLE = 0xFFFF_FFFFL;
    private static final long BUSY = 0xFFFF_FFFEL;
    private static final long NON_SECURE = 0xA;

    private final FakeBoard board = new FakeBoard();
    private TestDevice device = new TestDevice();
    private Bus bus = new Bus(device);

    @BeforeEach
    void realize() {
        device.realize(board);
    }

    private void prepare(long iova, long gpa, long length, long attrs) {
        bus.writel(GVA_LO, iova);
        bus.writel(GVA_HI, iova >>> 32);
        bus.writel(GPA_LO, gpa);
        bus.writel(GPA_HI, gpa >>> 32);
        bus.writel(LEN, length);
        bus.writel(ATTRS, attrs);
        bus.writel(DBELL, 1);
    }

    private long dma(long iova, long gpa, long length) {
        prepare(iova, gpa, length, NON_SECURE);
        assertThat(bus.readl(TRIGGER)).isZero();
        return bus.readl(RESULT);
    }

    private void handOver() throws RestoreException {
        device.quiesce();
        SavedState state = device.save();
        device.unrealize();
        device = new TestDevice();
        device.realize(board);
        device.restore(state);
        device.resume();
        bus = new Bus(device);
    }

    @Test
    void describesTheFunctionThatTestsLookFor() {
        assertThat(device.describe().vendorId()).isEqualTo(0x1b36);
        assertThat(device.describe().deviceId()).isEqualTo(0x0005);
        assertThat(device.describe().classCode()).isEqualTo(0x00ff00);
        assertThat(device.describe().busMasterGated()).isFalse();
        assertThat(device.describe().bars().getFirst().region().size()).isEqualTo(0x1000);
        assertThat(device.describe().bars().getFirst().region().minAccess()).isEqualTo(4);
        assertThat(device.describe().bars().getFirst().region().maxAccess()).isEqualTo(4);
    }

    @ParameterizedTest(name = "{0} resets to {2}")
    @CsvSource({
        "TRIGGER, 0x00, 0", "GVA_LO, 0x04, 0", "GVA_HI, 0x08, 0", "LEN, 0x0c, 0", "DBELL, 0x14, 0", "ATTRS, 0x18, 2",
        "GPA_LO, 0x1c, 0", "GPA_HI, 0x20, 0", "reserved, 0x24, 0", "reserved, 0xffc, 0"
    })
    void resetValues(String name, String offset, long value) {
        assertThat(bus.readl(Long.decode(offset))).isEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(longs = {GVA_LO, GVA_HI, LEN, RESULT, ATTRS, GPA_LO, GPA_HI})
    void registersReadBackWhatWasWritten(long offset) {
        bus.writel(offset, 0xCAFE_F00DL);
        assertThat(bus.readl(offset)).isEqualTo(0xCAFE_F00DL);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 64, 4095, 4096, 4097, 10_000, 0x20000})
    void writesThePatternByIovaAndReadsItBackByPhysicalAddress(int length) {
        assertThat(dma(0x1010, RAM + 0x1010, length)).isZero();
        for (int i = 0; i < length; i++) {
            assertThat(board.ram()[0x1010 + i]).isEqualTo((byte) (0x1234_5678 >> i % 4 * 8));
        }
        assertThat(board.ram()[0x1010 + length]).isZero();
        assertThat(board.ram()[0x100F]).isZero();
    }

    @Test
    void armingShowsBusyUntilTheTrigger() {
        assertThat(bus.readl(RESULT)).isEqualTo(IDLE);
        bus.writel(DBELL, 1);
        assertThat(bus.readl(RESULT)).isEqualTo(BUSY);
        bus.writel(DBELL, 0xFFFF_FFFEL);
        assertThat(bus.readl(RESULT)).isEqualTo(IDLE);
    }

    @Test
    void valuesAreSampledAtTheTrigger() {
        prepare(0x1000, RAM + 0x1000, 4, NON_SECURE);
        bus.writel(GVA_LO, 0x2000);
        bus.writel(GPA_LO, RAM + 0x2000);
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).isZero();
        assertThat(board.dma().accesses()).containsExactly("write 0x2000+0x4");
    }

    @Test
    void triggerConsumesTheArmedRequest() {
        assertThat(dma(0x1000, RAM + 0x1000, 4)).isZero();
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).isEqualTo(0xDEAD_0005L);
        assertThat(board.dma().accesses()).hasSize(1);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "no length,           0x1000,     0x40001000, 0,          0xdead0001",
        "length out of bound, 0x1000,     0x40001000, 0x20000001, 0xdead0001",
        "length as negative,  0x1000,     0x40001000, 0xffffffff, 0xdead0001",
        "unmapped IOVA,       0x80000000, 0x40001000, 4,          0xdead0002",
        "IOVA of all ones,    -1,         0x40001000, 4,          0xdead0002",
        "end is unmapped,     0xff000,    0x400ff000, 0x2000,     0xdead0002",
        "no memory at GPA,    0x1000,     0x1000,     4,          0xdead0003",
        "other memory at GPA, 0x1000,     0x40003000, 4,          0xdead0004",
    })
    void errorsHaveTheirCodes(String what, String iova, String gpa, String length, String result) {
        assertThat(dma(Long.decode(iova), Long.decode(gpa), Long.decode(length))).isEqualTo(Long.decode(result));
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).as("an error consumes the request too").isEqualTo(0xDEAD_0005L);
    }

    @ParameterizedTest(name = "ATTRS {0}: {1}")
    @CsvSource({
        "0x0, 0x0", "0x2, 0x0", "0x6, 0x0", "0xa, 0x0", "0xfffffff0, 0x0",
        "0x1, 0xdead0006", "0x8, 0xdead0006", "0x9, 0xdead0006", "0xb, 0xdead0006", "0xc, 0xdead0006",
        "0xe, 0xdead0006"
    })
    void onlyNonSecureTransactionsAreMade(String attrs, String result) {
        // Secure (0x9) is well-formed; a board without a Secure state has no such transactions, so it is refused too.
        prepare(0x1000, RAM + 0x1000, 4, Long.decode(attrs));
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).isEqualTo(Long.decode(result));
        assertThat(board.dma().accesses().isEmpty()).isEqualTo(Long.decode(result) != 0);
    }

    @Test
    void resultStaysBusyWhileABlockIsHeld() {
        board.dma().hold(1);
        assertThat(dma(0x1000, RAM + 0x1000, 0x3000)).isEqualTo(BUSY);
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).as("another trigger does nothing").isEqualTo(BUSY);
        board.fakeMemory().hold(1);
        board.dma().tickets().remove().release();
        assertThat(bus.readl(RESULT)).isEqualTo(BUSY);
        board.fakeMemory().tickets().remove().release();
        assertThat(bus.readl(RESULT)).isZero();
        assertThat(board.ram()[0x3FFF]).isEqualTo((byte) 0x12);
    }

    @ParameterizedTest
    @CsvSource({"true, 0xdead0002", "false, 0xdead0003"})
    void heldBlockThatTimesOutFailsTheTransfer(boolean write, String result) {
        (write ? board.dma() : board.fakeMemory()).hold(1);
        assertThat(dma(0x1000, RAM + 0x1000, 8)).isEqualTo(BUSY);
        (write ? board.dma() : board.fakeMemory())
                .tickets()
                .remove()
                .fail(TransactionResult.Fault.SLOT_TIMEOUT);
        assertThat(bus.readl(RESULT)).isEqualTo(Long.decode(result));
    }

    @Test
    void doorbellAbandonsAHeldTransfer() {
        board.dma().hold(1);
        dma(0x1000, RAM + 0x1000, 8);
        bus.writel(DBELL, 0);
        assertThat(bus.readl(RESULT)).isEqualTo(IDLE);
        var ticket = board.dma().tickets().remove();
        assertThat(ticket.isCancelled()).isTrue();
        assertThat(dma(0x2000, RAM + 0x2000, 8)).isZero();
    }

    @Test
    void abandonedTransferThatFailsLaterLeavesTheResultAlone() {
        board.dma().hold(1);
        dma(0x1000, RAM + 0x1000, 8);
        var ticket = board.dma().tickets().remove();
        ticket.begin();
        bus.writel(DBELL, 1);
        ticket.fail(TransactionResult.Fault.TRANSLATION_ABORT);
        assertThat(bus.readl(RESULT)).isEqualTo(BUSY);
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).isZero();
    }

    @Test
    void handOverGoesOnWithTheHeldBlock() throws RestoreException {
        board.dma().hold(1);
        dma(0x1000, RAM + 0x1000, 0x2800);
        bus.writel(GVA_LO, 0x9000);
        board.dma().tickets().getFirst().release();
        assertThat(bus.readl(RESULT)).isZero();
        board.dma().accesses().clear();

        board.fakeMemory().hold(1);
        assertThat(dma(0x1000, RAM + 0x1000, 0x2800)).isEqualTo(BUSY);
        bus.writel(GVA_LO, 0x9000);
        handOver();
        assertThat(board.fakeMemory().tickets().remove().isCancelled()).isTrue();
        assertThat(bus.readl(RESULT)).isZero();
        assertThat(bus.readl(GVA_LO)).isEqualTo(0x9000);
        assertThat(board.dma().accesses())
                .as("what was written is not written again")
                .containsExactly("write 0x1000+0x1000", "write 0x2000+0x1000", "write 0x3000+0x800");
    }

    @Test
    void triggerWhileQuiescedIsDoneByTheSuccessor() throws RestoreException {
        device.quiesce();
        assertThat(dma(0x1000, RAM + 0x1000, 8)).isEqualTo(BUSY);
        assertThat(board.dma().accesses()).isEmpty();
        handOver();
        assertThat(bus.readl(RESULT)).isZero();
    }

    @Test
    void armedRequestSurvivesAHandOver() throws RestoreException {
        prepare(0x1000, RAM + 0x1000, 8, NON_SECURE);
        handOver();
        assertThat(bus.readl(RESULT)).isEqualTo(BUSY);
        bus.readl(TRIGGER);
        assertThat(bus.readl(RESULT)).isZero();
    }

    @Test
    void resetAbandonsEverything() {
        board.dma().hold(1);
        dma(0x1000, RAM + 0x1000, 8);
        for (ResetPhase phase : ResetPhase.values()) {
            device.reset(ResetKind.FUNCTION_LEVEL, phase);
        }
        assertThat(bus.readl(RESULT)).isEqualTo(IDLE);
        assertThat(bus.readl(LEN)).isZero();
        board.dma().tickets().remove().release();
        assertThat(bus.readl(RESULT)).isEqualTo(IDLE);
        assertThat(board.ram()[0x1000]).isZero();
    }

    @Test
    void refusesAStateWithAnImpossibleTransfer() {
        board.dma().hold(1);
        dma(0x1000, RAM + 0x1000, 8);
        SavedState state = device.save();
        var fields = new LinkedHashMap<>(state.fields());
        fields.put("length", 1 << 30);
        assertThatThrownBy(() -> new TestDevice().restore(new SavedState("iommu-testdev", 1, fields)))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("1073741824");
    }
}
