package dev.backplane.devices.edu;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.devices.fake.Bus;
import dev.backplane.devices.fake.FakeBoard;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciFunctionDescription;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EduDeviceTest {
    private static final long MS_100 = 100_000_000;
    private static final long ID = 0x00;
    private static final long LIVE = 0x04;
    private static final long FACT = 0x08;
    private static final long STATUS = 0x20;
    private static final long IRQ = 0x24;
    private static final long RAISE = 0x60;
    private static final long ACK = 0x64;
    private static final long SRC = 0x80;
    private static final long DST = 0x88;
    private static final long CNT = 0x90;
    private static final long CMD = 0x98;

    private final FakeBoard board = new FakeBoard();
    private final EduDevice edu = new EduDevice(0x0FFF_FFFFL, false);
    private final Bus bus = new Bus(edu);

    @BeforeEach
    void realize() {
        edu.realize(board);
        coldReset();
    }

    private void coldReset() {
        for (ResetPhase phase : ResetPhase.values()) {
            edu.reset(ResetKind.COLD, phase);
        }
    }

    @Test
    void describesTheFunctionThatDriversLookFor() {
        PciFunctionDescription function = edu.describe();
        assertThat(function.vendorId()).isEqualTo(0x1234);
        assertThat(function.deviceId()).isEqualTo(0x11e8);
        assertThat(function.revision()).isEqualTo(0x10);
        assertThat(function.classCode()).isEqualTo(0x00ff00);
        assertThat(function.interruptPin()).isEqualTo(1);
        assertThat(function.msiVectors()).isEqualTo(1);
        assertThat(function.busMasterGated()).isTrue();
        assertThat(function.bars()).singleElement().satisfies(bar -> {
            assertThat(bar.kind()).isEqualTo(Bar.Kind.MEMORY_32);
            assertThat(bar.region().size()).isEqualTo(1 << 20);
            assertThat(bar.region().minAccess()).isEqualTo(4);
        });
    }

    @ParameterizedTest(name = "{0}: {1}-byte read at {2} gives {3}")
    @CsvSource({
        "identification,      4, 0x00, 0x010000ed",
        "liveness,            4, 0x04, 0x00000000",
        "factorial,           4, 0x08, 0x00000000",
        "nothing there,       4, 0x0c, 0xffffffff",
        "status,              4, 0x20, 0x00000000",
        "interrupt status,    4, 0x24, 0x00000000",
        "raise is write-only, 4, 0x60, 0xffffffff",
        "ack is write-only,   4, 0x64, 0xffffffff",
        "source,              4, 0x80, 0x00000000",
        "source,              8, 0x80, 0x0000000000000000",
        "no upper half,       4, 0x84, 0xffffffff",
        "command,             8, 0x98, 0x0000000000000000",
        "8 bytes below 0x80,  8, 0x00, 0xffffffffffffffff",
        "8 bytes below 0x80,  8, 0x20, 0xffffffffffffffff",
        "behind registers,    8, 0xa0, 0xffffffffffffffff",
        "buffer is no window, 4, 0x40000, 0xffffffff",
        "end of the BAR,      4, 0xffffc, 0xffffffff",
    })
    void readsAfterReset(String what, int size, String offset, String value) {
        assertThat(bus.read(Long.decode(offset), size)).isEqualTo(Long.parseUnsignedLong(value.substring(2), 16));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 0x1234_5678L, 0xFFFF_FFFFL, 0x8000_0000L})
    void livenessReadsBackTheInverse(long value) {
        bus.writel(LIVE, value);
        assertThat(bus.readl(LIVE)).isEqualTo(~value & 0xFFFF_FFFFL);
    }

    @Test
    void eightByteWritesBelow0x80ChangeNothing() {
        bus.write(LIVE - 4, 8, -1L);
        bus.write(FACT, 8, 5);
        assertThat(bus.readl(LIVE)).isZero();
        assertThat(bus.readl(STATUS)).isZero();
        assertThat(board.logged()).hasSize(2);
    }

    @ParameterizedTest(name = "{0}! mod 2^32 = {1}")
    @CsvSource({
        "0, 1", "1, 1", "5, 120", "12, 479001600", "13, 1932053504", "20, 2192834560", "33, 2147483648", "34, 0",
        "4294967295, 0"
    })
    void computesTheFactorialWhileTheComputingBitIsSet(long number, long factorial) {
        bus.writel(FACT, number);
        bus.writel(FACT, 7);
        assertThat(bus.readl(FACT)).as("a busy unit takes no value").isEqualTo(number);
        board.advance(EduFactorial.LATENCY_NANOS - 1);
        assertThat(bus.readl(STATUS)).isEqualTo(0x01);
        board.advance(1);
        assertThat(bus.readl(STATUS)).isZero();
        assertThat(bus.readl(FACT)).isEqualTo(factorial);
        assertThat(bus.readl(IRQ)).isZero();
    }

    @Test
    void aDriverThatPollsWhileTimeStandsStillGetsItsFactorial() {
        bus.writel(FACT, 5);
        assertThat(bus.readl(STATUS)).isEqualTo(0x01);
        assertThat(bus.readl(STATUS)).isZero();
        assertThat(bus.readl(FACT)).isEqualTo(120);
        board.advance(EduFactorial.LATENCY_NANOS);
        assertThat(bus.readl(FACT)).isEqualTo(120);
    }

    @Test
    void factorialRaisesItsInterruptOnlyWhenAsked() {
        bus.writel(STATUS, 0xFFFF_FFFFL);
        assertThat(bus.readl(STATUS)).as("only bit 7 is writable").isEqualTo(0x80);
        bus.writel(FACT, 3);
        assertThat(bus.readl(STATUS)).isEqualTo(0x81);
        board.advance(EduFactorial.LATENCY_NANOS);
        assertThat(bus.readl(STATUS)).isEqualTo(0x80);
        assertThat(bus.readl(IRQ)).isEqualTo(0x1);
        assertThat(board.pin()).isTrue();
    }

    @Test
    void pinIsALevelUntilEveryCauseIsAcknowledged() {
        bus.writel(RAISE, 0x6);
        bus.writel(RAISE, 0x8000_0000L);
        assertThat(bus.readl(IRQ)).isEqualTo(0x8000_0006L);
        bus.writel(ACK, 0x2);
        bus.writel(ACK, 0x8000_0000L);
        assertThat(board.pin()).isTrue();
        bus.writel(ACK, 0xFFFF_FFFFL);
        assertThat(bus.readl(IRQ)).isZero();
        assertThat(board.pinChanges()).containsExactly(true, false);
        assertThat(board.messages()).isZero();
    }

    @Test
    void messagesGoThroughTheAcceleratorWhereThatIsWantedAndCanBe() {
        board.enableMsi();
        var signals = board.offerIrqfd();
        var direct = new EduDevice(0x0FFF_FFFFL, true);
        direct.realize(board);
        new Bus(direct).writel(RAISE, 1);
        assertThat(signals).hasValue(1);
        assertThat(board.messages()).isZero();
        bus.writel(RAISE, 1);
        assertThat(signals).as("not wanted").hasValue(1);
        assertThat(board.messages()).isEqualTo(1);
        var alone = new FakeBoard();
        alone.enableMsi();
        var without = new EduDevice(0x0FFF_FFFFL, true);
        without.realize(alone);
        new Bus(without).writel(RAISE, 1);
        assertThat(alone.messages()).as("no accelerator").isEqualTo(1);
    }

    @Test
    void raisingNothingSignalsNothing() {
        board.enableMsi();
        bus.writel(RAISE, 0);
        assertThat(board.pinChanges()).isEmpty();
        assertThat(board.messages()).isZero();
    }

    @Test
    void everyRaiseSendsOneMessageAndLeavesThePinAlone() {
        board.enableMsi();
        bus.writel(RAISE, 1);
        bus.writel(RAISE, 1);
        bus.writel(ACK, 1);
        bus.writel(RAISE, 2);
        assertThat(board.messages()).isEqualTo(3);
        assertThat(board.pinChanges()).isEmpty();
    }

    @Test
    void messagesLeaveOneAfterTheOtherWhileTheFirstIsHeld() {
        board.enableMsi();
        board.holdMessages(true);
        bus.writel(RAISE, 1);
        bus.writel(RAISE, 1);
        assertThat(board.heldMessages()).hasSize(1);
        board.holdMessages(false);
        board.heldMessages().remove().release();
        assertThat(board.messages()).isEqualTo(2);
    }

    @Test
    void messageThatFaultsIsLoggedAndTheNextOneLeaves() {
        board.enableMsi();
        board.failMessages();
        bus.writel(RAISE, 1);
        bus.writel(RAISE, 1);
        assertThat(board.logged()).hasSize(2).allMatch(line -> line.contains("TRANSLATION_ABORT"));
        assertThat(bus.readl(IRQ)).isEqualTo(1);
    }

    @Test
    void dmaRegistersTakeBothSizes() {
        bus.write(SRC, 8, 0x1122_3344_5566_7788L);
        assertThat(bus.read(SRC, 8)).isEqualTo(0x1122_3344_5566_7788L);
        assertThat(bus.readl(SRC)).isEqualTo(0x5566_7788L);
        bus.writel(SRC, 0x9ABC_DEF0L);
        assertThat(bus.read(SRC, 8)).isEqualTo(0x9ABC_DEF0L);
        bus.writel(SRC + 4, 1);
        assertThat(bus.read(SRC, 8)).as("no register at the upper half").isEqualTo(0x9ABC_DEF0L);
    }

    @Test
    void commandWithoutStartDoesNothing() {
        bus.writel(CMD, 0x6);
        assertThat(bus.readl(CMD)).isZero();
        board.advance(MS_100);
        assertThat(board.dma().accesses()).isEmpty();
    }

    private void start(long source, long destination, long count, long command) {
        bus.write(SRC, 8, source);
        bus.write(DST, 8, destination);
        bus.write(CNT, 8, count);
        bus.writel(CMD, command);
    }

    private void fill(int at, int length, int seed) {
        for (int i = 0; i < length; i++) {
            board.ram()[at + i] = (byte) (seed + i * 7);
        }
    }

    private byte[] ram(int at, int length) {
        return Arrays.copyOfRange(board.ram(), at, at + length);
    }

    @Test
    void movesBytesInAndOutAfterHundredMilliseconds() {
        fill(0x1000, 100, 3);
        start(0x1000, 0x40010, 100, 0x1);
        assertThat(bus.readl(CMD)).isEqualTo(0x1);
        board.advance(MS_100 - 1);
        assertThat(board.dma().accesses()).isEmpty();
        assertThat(bus.readl(CMD)).isEqualTo(0x1);
        board.advance(1);
        assertThat(bus.readl(CMD)).isZero();
        start(0x40010, 0x2001, 100, 0x3);
        board.advance(MS_100);
        assertThat(bus.readl(CMD)).isEqualTo(0x2);
        assertThat(ram(0x2001, 100)).isEqualTo(ram(0x1000, 100));
        assertThat(board.dma().accesses()).containsExactly("read 0x1000+0x64", "write 0x2001+0x64");
        assertThat(bus.readl(IRQ)).isZero();
        assertThat(board.logged()).isEmpty();
    }

    @Test
    void registersAreFrozenWhileATransferRuns() {
        start(0x1000, 0x40000, 16, 0x1);
        bus.write(SRC, 8, 0x5555);
        bus.write(DST, 8, 0x5555);
        bus.write(CNT, 8, 0x5555);
        bus.writel(CMD, 0x7);
        assertThat(bus.read(SRC, 8)).isEqualTo(0x1000);
        assertThat(bus.read(DST, 8)).isEqualTo(0x40000);
        assertThat(bus.read(CNT, 8)).isEqualTo(16);
        assertThat(bus.readl(CMD)).isEqualTo(0x1);
        assertThat(board.logged()).hasSize(4);
    }

    @Test
    void transferRaises0x100WhenAsked() {
        start(0x1000, 0x40000, 16, 0x5);
        board.advance(MS_100);
        assertThat(bus.readl(CMD)).isEqualTo(0x4);
        assertThat(bus.readl(IRQ)).isEqualTo(0x100);
        assertThat(board.pin()).isTrue();
    }

    @ParameterizedTest(name = "{0}: device address {1}, {2} bytes")
    @CsvSource({
        "below,            0x3ffff, 1",
        "above,            0x41000, 1",
        "crosses the end,  0x40fff, 2",
        "too long,         0x40000, 4097",
        "huge,             0x40000, 0x7fffffffffffffff",
        "negative,         0x40000, -1",
        "wraps around,     0x40001, -0x40001",
        "far away,         -0x8000000000000000, 1",
        "empty but outside, 0x0, 0",
    })
    void transferOutsideTheBufferMovesNothing(String what, String deviceAddress, String count) {
        for (long direction : new long[] {0, 2}) {
            bus.writel(ACK, -1L);
            long address = Long.decode(deviceAddress);
            long length = Long.decode(count);
            if (direction == 0) {
                start(0x1000, address, length, 5);
            } else {
                start(address, 0x1000, length, 7);
            }
            board.advance(MS_100);
            assertThat(bus.readl(CMD)).as("the command ends").isEqualTo(4 | direction);
            assertThat(bus.readl(IRQ)).as("with its interrupt").isEqualTo(0x100);
        }
        assertThat(board.dma().accesses()).isEmpty();
        assertThat(board.logged()).hasSize(2).allMatch(line -> line.contains("nothing is transferred"));
    }

    @ParameterizedTest
    @CsvSource({"0x40000, 4096", "0x40fff, 1", "0x40000, 0"})
    void wholeBufferIsReachable(String deviceAddress, int count) {
        fill(0x1000, 4096, 9);
        start(0x1000, Long.decode(deviceAddress), count, 1);
        board.advance(MS_100);
        start(Long.decode(deviceAddress), 0x8000, count, 3);
        board.advance(MS_100);
        assertThat(ram(0x8000, count)).isEqualTo(ram(0x1000, count));
        assertThat(board.logged()).isEmpty();
    }

    @Test
    void addressIsClampedToTheMask() {
        start(0x40000, 0xF000_1000L, 4, 3);
        board.advance(MS_100);
        assertThat(board.dma().accesses()).containsExactly("write 0x1000+0x4");
        assertThat(board.logged()).singleElement().asString().contains("0xf0001000", "0xfffffff", "0x1000");
    }

    @Test
    void wideMaskDrivesAllBits() {
        var wide = new EduDevice(-1L, false);
        wide.realize(board);
        var wideBus = new Bus(wide);
        wideBus.write(SRC, 8, 0x40000);
        wideBus.write(DST, 8, 0xFFFF_FFFF_C000_0000L + 0x1000);
        wideBus.write(CNT, 8, 4);
        wideBus.writel(CMD, 3);
        board.advance(MS_100);
        assertThat(board.dma().accesses()).containsExactly("write 0xffffffffc0001000+0x4");
    }

    @Test
    void faultEndsTheCommandWithItsInterruptAndKeepsTheBuffer() {
        fill(0x1000, 64, 1);
        start(0x1000, 0x40000, 64, 1);
        board.advance(MS_100);
        start(0x0FF0_0000, 0x40000, 64, 5);
        board.advance(MS_100);
        assertThat(bus.readl(CMD)).isEqualTo(4);
        assertThat(bus.readl(IRQ)).isEqualTo(0x100);
        assertThat(board.logged()).singleElement().asString().contains("TRANSLATION_ABORT");
        start(0x40000, 0x3000, 64, 3);
        board.advance(MS_100);
        assertThat(ram(0x3000, 64)).isEqualTo(ram(0x1000, 64));
    }

    @Test
    void heldTransferKeepsTheDeviceBusyUntilItsTicketEnds() {
        fill(0x1000, 32, 5);
        board.dma().hold(1);
        start(0x1000, 0x40000, 32, 5);
        board.advance(MS_100 * 3);
        assertThat(bus.readl(CMD)).isEqualTo(5);
        assertThat(bus.readl(IRQ)).isZero();
        board.dma().tickets().remove().release();
        assertThat(bus.readl(CMD)).isEqualTo(4);
        assertThat(bus.readl(IRQ)).isEqualTo(0x100);
        start(0x40000, 0x3000, 32, 3);
        board.advance(MS_100);
        assertThat(ram(0x3000, 32)).isEqualTo(ram(0x1000, 32));
    }

    @Test
    void heldTransferThatTimesOutEndsTheCommand() {
        board.dma().hold(1);
        start(0x1000, 0x40000, 32, 1);
        board.advance(MS_100);
        board.dma().tickets().remove().fail(TransactionResult.Fault.SLOT_TIMEOUT);
        assertThat(bus.readl(CMD)).isZero();
        assertThat(board.logged()).singleElement().asString().contains("SLOT_TIMEOUT");
    }

    @Test
    void resetForgetsAHeldTransferAndDropsThePin() {
        bus.writel(RAISE, 1);
        bus.writel(LIVE, 1);
        board.dma().hold(1);
        start(0x40000, 0x1000, 32, 7);
        board.advance(MS_100);
        coldReset();
        assertThat(board.pin()).isFalse();
        var ticket = board.dma().tickets().remove();
        assertThat(ticket.isCancelled()).isTrue();
        ticket.release();
        assertThat(bus.readl(CMD)).isZero();
        assertThat(bus.readl(IRQ)).isZero();
        assertThat(bus.readl(LIVE)).isZero();
        board.advance(MS_100 * 2);
        assertThat(board.dma().accesses()).hasSize(1);
    }

    @Test
    void inspectionNamesEveryRegister() {
        bus.writel(LIVE, 0);
        assertThat(edu.inspect().child("LIVENESS").value()).isEqualTo("0xffffffff");
        assertThat(edu.inspect().child("IDENTIFICATION").value()).isEqualTo("0x10000ed");
    }
}
