package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Slot;
import dev.backplane.memory.TransactionResult;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A library that several providers are wired to is refreshed: all of them stop and start again. */
class RefreshTest {
    private static final long DEVICE = 0x0A00_2000L;
    private final Bench bench = new Bench();
    private Board board;
    private Slot timer;
    private Slot device;

    @BeforeEach
    void board() {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"), 0, 1);
        bench.offer(bench.factory("timer"), 0, 2);
        bench.offer(bench.factory("plain"), 0, 3);
        board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of("slot-timeout", "20000"), List.of(Bench.device("plain", "dev"))));
        bench.settled(board);
        timer = board.slot("timer").orElseThrow();
        device = board.slot("dev").orElseThrow();
        Bench.write(board, FakeMachine.TIMER, 6);
        Bench.write(board, DEVICE, 8);
        bench.journal.clear();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private void assertBack() {
        bench.settled(board);
        assertThat(timer.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(device.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(Bench.read(board, FakeMachine.TIMER)).isEqualTo(6);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(8);
        assertThat(board.counters()).containsEntry("time-outs", 0L).containsEntry("aborts", 0L);
    }

    @Test
    void slotsCloseAsOneSetAndComeBackAsOne() throws Exception {
        bench.registry.withdrawForRefresh(Set.of(2L, 3L, 99L));
        assertThat(timer.state()).isEqualTo(Slot.State.PARKED);
        assertThat(device.state()).isEqualTo(Slot.State.PARKED);
        assertThat(bench.journal.indexOf("QUIESCE timer")).isLessThan(bench.journal.indexOf("SAVE dev"));
        assertThat(bench.journal.indexOf("QUIESCE dev")).isLessThan(bench.journal.indexOf("SAVE dev"));
        TransactionResult held = board.systemPort("test").read(board.epochs().context(), DEVICE, 4);
        var done = new CountDownLatch(1);
        ((TransactionResult.Pending) held).ticket().whenDone((context, how) -> done.countDown());
        bench.offer(bench.factory("timer"), 0, 2);
        bench.settled(board);
        assertThat(timer.state()).as("waits for the other").isEqualTo(Slot.State.PARKED);
        bench.offer(bench.factory("plain"), 0, 3);
        assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
        assertBack();
    }

    @Test
    void whatDoesNotComeBackHoldsTheOthersUpNoLongerThanTheRefreshLasts() {
        bench.registry.withdrawForRefresh(Set.of(2L, 3L));
        bench.offer(bench.factory("timer"), 0, 2);
        bench.registry.returned();
        bench.settled(board);
        assertThat(timer.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(device.state()).isEqualTo(Slot.State.PARKED);
        bench.offer(bench.factory("plain"), 0, 3);
        assertBack();
    }

    @Test
    void othersOffersAreNotKeptBack() {
        bench.registry.withdrawForRefresh(Set.of(2L, 3L));
        bench.offer(bench.factory("plain"), 0, 7);
        bench.settled(board);
        assertThat(device.state()).isEqualTo(Slot.State.RUNNING);
    }

    @Test
    void aFactoryThatLeavesAgainBeforeTheOthersAreBackIsForgotten() {
        bench.registry.withdrawForRefresh(Set.of(2L, 3L));
        var back = bench.offer(bench.factory("timer"), 0, 2);
        bench.withdraw(back);
        bench.registry.returned();
        bench.settled(board);
        assertThat(timer.state()).isEqualTo(Slot.State.PARKED);
    }
}
