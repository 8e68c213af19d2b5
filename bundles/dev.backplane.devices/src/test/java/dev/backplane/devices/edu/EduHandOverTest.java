package dev.backplane.devices.edu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.devices.fake.Bus;
import dev.backplane.devices.fake.FakeBoard;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EduHandOverTest {
    private static final long MS_100 = 100_000_000;

    private final FakeBoard board = new FakeBoard(5_000, new byte[1 << 20]);
    private EduDevice edu = realized(board);

    private static EduDevice realized(FakeBoard board) {
        var factory = new EduFactory();
        var model = (EduDevice) factory.create(DeviceProperties.of("edu", factory.properties(), Map.of()));
        model.realize(board);
        return model;
    }

    private Bus bus() {
        return new Bus(edu);
    }

    private void handOver(FakeBoard to) throws RestoreException {
        edu.quiesce();
        SavedState state = edu.save();
        edu.unrealize();
        edu = realized(to);
        edu.restore(state);
        edu.resume();
    }

    private void start(long source, long destination, long count, long command) {
        bus().write(0x80, 8, source);
        bus().write(0x88, 8, destination);
        bus().write(0x90, 8, count);
        bus().writel(0x98, command);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, MS_100 / 2, MS_100 - 1})
    void transferGoesOnWithTheTimeThatWasLeft(long before) throws RestoreException {
        Arrays.fill(board.ram(), 0x1000, 0x1040, (byte) 0x5A);
        start(0x1000, 0x40000, 0x40, 0x5);
        board.advance(before);
        handOver(board);
        assertThat(bus().readl(0x98)).isEqualTo(5);
        board.advance(MS_100 - before - 1);
        assertThat(bus().readl(0x98)).isEqualTo(5);
        board.advance(1);
        assertThat(bus().readl(0x98)).isEqualTo(4);
        assertThat(bus().readl(0x24)).isEqualTo(0x100);
        start(0x40000, 0x2000, 0x40, 0x3);
        handOver(board);
        board.advance(MS_100);
        assertThat(board.ram()[0x2000]).isEqualTo((byte) 0x5A);
        assertThat(board.ram()[0x203F]).isEqualTo((byte) 0x5A);
    }

    @Test
    void timeStandsStillWhileQuiesced() {
        start(0x1000, 0x40000, 4, 1);
        board.advance(40_000_000);
        edu.quiesce();
        board.advance(MS_100 * 10);
        assertThat(board.dma().accesses()).isEmpty();
        edu.resume();
        board.advance(60_000_000 - 1);
        assertThat(board.dma().accesses()).isEmpty();
        board.advance(1);
        assertThat(board.dma().accesses()).hasSize(1);
    }

    @Test
    void snapshotMovesToABoardOfAnotherTime() throws RestoreException {
        start(0x1000, 0x40000, 4, 1);
        board.advance(10_000_000);
        var other = new FakeBoard(0, board.ram());
        handOver(other);
        board.advance(MS_100);
        assertThat(board.dma().accesses()).as("the old model is silent").isEmpty();
        other.advance(90_000_000);
        assertThat(other.dma().accesses()).containsExactly("read 0x1000+0x4");
    }

    @Test
    void heldTransferIsCancelledAndDoneByTheSuccessor() throws RestoreException {
        Arrays.fill(board.ram(), 0x1000, 0x1040, (byte) 0x33);
        board.dma().hold(1);
        start(0x1000, 0x40000, 0x40, 0x5);
        board.advance(MS_100);
        EduDevice old = edu;
        handOver(board);
        assertThat(board.dma().tickets().remove().isCancelled()).isTrue();
        assertThat(bus().readl(0x98)).isEqualTo(4);
        assertThat(bus().readl(0x24)).isEqualTo(0x100);
        assertThat(new Bus(old).readl(0x24)).as("not by the old one too").isZero();
        assertThat(board.dma().accesses()).containsExactly("read 0x1000+0x40", "read 0x1000+0x40");
    }

    @Test
    void startWhileQuiescedIsCarriedOver() throws RestoreException {
        edu.quiesce();
        start(0x1000, 0x40000, 4, 1);
        bus().writel(0x08, 5);
        handOver(board);
        board.advance(MS_100);
        assertThat(bus().readl(0x98)).isZero();
        assertThat(bus().readl(0x08)).isEqualTo(120);
    }

    @Test
    void factorialGoesOn() throws RestoreException {
        bus().writel(0x20, 0x80);
        bus().writel(0x08, 6);
        board.advance(EduFactorial.LATENCY_NANOS / 2);
        handOver(board);
        assertThat(bus().readl(0x20)).isEqualTo(0x81);
        board.advance(EduFactorial.LATENCY_NANOS / 2);
        assertThat(bus().readl(0x20)).isEqualTo(0x80);
        assertThat(bus().readl(0x08)).isEqualTo(720);
        assertThat(bus().readl(0x24)).isEqualTo(1);
    }

    @Test
    void pinKeepsItsLevel() throws RestoreException {
        bus().writel(0x60, 4);
        handOver(board);
        assertThat(board.pinChanges()).containsExactly(true);
        bus().writel(0x64, 4);
        assertThat(board.pin()).isFalse();
    }

    @Test
    void noMessageIsLostOrInvented() throws RestoreException {
        board.enableMsi();
        board.holdMessages(true);
        bus().writel(0x60, 1);
        bus().writel(0x60, 1);
        board.holdMessages(false);
        handOver(board);
        assertThat(board.heldMessages().remove().isCancelled()).isTrue();
        assertThat(board.messages()).isEqualTo(2);
        edu.quiesce();
        bus().writel(0x60, 1);
        assertThat(board.messages()).isEqualTo(2);
        handOver(board);
        assertThat(board.messages()).isEqualTo(3);
        handOver(board);
        assertThat(board.messages()).isEqualTo(3);
    }

    @Test
    void messageThatIsLeavingWhileTheDeviceIsQuiescedIsSentOnce() throws RestoreException {
        board.enableMsi();
        board.holdMessages(true);
        bus().writel(0x60, 1);
        board.holdMessages(false);
        var leaving = board.heldMessages().remove();
        leaving.begin();
        edu.quiesce();
        leaving.perform();
        handOver(board);
        leaving.tell();
        assertThat(board.messages()).isEqualTo(1);
    }

    @Test
    void messageThatIsHeldAgainWhileTheDeviceIsQuiescedIsSentBySuccessor() throws RestoreException {
        board.enableMsi();
        board.holdMessages(true);
        bus().writel(0x60, 1);
        board.holdMessages(false);
        var leaving = board.heldMessages().remove();
        leaving.begin();
        edu.quiesce();
        leaving.holdAgain();
        handOver(board);
        leaving.release();
        assertThat(board.messages()).isEqualTo(1);
    }

    @Test
    void transferThatEndsWhileTheDeviceIsQuiescedIsNotDoneAgain() throws RestoreException {
        board.dma().hold(1);
        start(0x1000, 0x40000, 0x40, 0x5);
        board.advance(MS_100);
        var ending = board.dma().tickets().remove();
        ending.begin();
        edu.quiesce();
        ending.perform();
        handOver(board);
        ending.tell();
        board.advance(MS_100);
        assertThat(bus().readl(0x98)).isEqualTo(4);
        assertThat(bus().readl(0x24)).isEqualTo(0x100);
        assertThat(board.pinChanges()).containsExactly(true);
        assertThat(board.dma().accesses()).hasSize(1);
    }

    @Test
    void refusesStatesThatItCannotHonour() {
        SavedState good = edu.save();
        assertThatThrownBy(() -> edu.restore(new SavedState("nvme", 1, good.fields())))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("nvme");
        assertThatThrownBy(() -> edu.restore(new SavedState("edu", 2, good.fields())))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("version 2");
        for (String field : good.fields().keySet()) {
            var fields = new LinkedHashMap<>(good.fields());
            fields.remove(field);
            assertThatThrownBy(() -> edu.restore(new SavedState("edu", 1, fields)))
                    .isInstanceOf(RestoreException.class)
                    .hasMessageContaining(field);
        }
        var shortBuffer = new LinkedHashMap<>(good.fields());
        shortBuffer.put("buffer", new byte[1]);
        assertThatThrownBy(() -> edu.restore(new SavedState("edu", 1, shortBuffer)))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("buffer of 1 bytes");
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void randomTransfersSurviveHandOversAtAnyTime(long seed) throws RestoreException {
        var random = new SplittableRandom(seed);
        byte[] model = new byte[EduDma.BUFFER_SIZE];
        random.nextBytes(board.ram());
        for (int round = 0; round < 300; round++) {
            int length = random.nextInt(1, 4097);
            int offset = random.nextInt(0, 4097 - length);
            int at = random.nextInt(0, board.ram().length - length);
            boolean toMemory = random.nextBoolean();
            byte[] before = board.ram().clone();
            if (random.nextInt(3) == 0) {
                board.dma().hold(1);
            }
            start(toMemory ? 0x40000 + offset : at, toMemory ? at : 0x40000 + offset, length, toMemory ? 3 : 1);
            int handOvers = random.nextInt(4);
            for (int i = 0; i < handOvers; i++) {
                board.advance(random.nextLong(MS_100 / 2));
                handOver(board);
            }
            board.advance(MS_100);
            board.dma().tickets().forEach(ticket -> ticket.release());
            board.dma().tickets().clear();
            board.dma().hold(0);
            if (toMemory) {
                System.arraycopy(model, offset, before, at, length);
            } else {
                System.arraycopy(before, at, model, offset, length);
            }
            String where = "seed " + seed + ", round " + round;
            assertThat(bus().readl(0x98) & 1).as(where).isZero();
            assertThat(Arrays.equals(board.ram(), before)).as(where + ": memory").isTrue();
            assertThat(Arrays.equals(edu.save().get("buffer", byte[].class), model)).as(where + ": buffer").isTrue();
        }
    }
}
