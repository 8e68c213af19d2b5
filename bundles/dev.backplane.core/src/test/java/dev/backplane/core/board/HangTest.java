package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import dev.backplane.memory.TransactionResult;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A model that does not return from a callback within a transaction. */
class HangTest {
    private static final long DEVICE = 0x0A00_2000L;
    private final Bench bench = new Bench();
    private FakeDevice.Factory faulty;
    private Board board;
    private Slot slot;
    private Thread stuck;
    private final AtomicReference<TransactionResult> outcome = new AtomicReference<>();

    @BeforeEach
    void board() {
        faulty = bench.factory("plain");
        bench.offer(faulty, 0, 1);
        board = bench.completeBoard(Bench.device("plain", "dev"));
        slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 6);
    }

    @AfterEach
    void close() throws Exception {
        faulty.releaseHung.countDown();
        if (stuck != null) {
            stuck.join();
        }
        bench.close();
    }

    private void hang() {
        faulty.faults.put(Callback.READ, Fault.HANGS);
        bench.journal.clear();
        stuck = Thread.ofPlatform().daemon().name("guest-thread").start(() -> outcome.set(Bench.outcome(board, DEVICE)));
        await().until(() -> bench.journal.contains("READ dev"));
    }

    private void awaitFailure() {
        await().until(() -> slot.state() == Slot.State.FAILED);
    }

    @Test
    void itsSlotIsCutOffAndSaysWhichCallbackOfWhichThread() {
        hang();
        awaitFailure();
        assertThat(slot.why().getFirst().reason())
                .contains("FakeDevice.read", "guest-thread", "has not returned for", "FakeDevice$Factory.hang");
        await().untilAsserted(() -> assertThat(board.counters()).containsEntry("hung-threads", 1L));
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
    }

    @Test
    void othersGoOn() {
        hang();
        awaitFailure();
        Bench.write(board, FakeMachine.TIMER, 1);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isEqualTo(1);
        bench.offer(bench.factory("timer"), 10, 7);
        bench.settled(board);
        assertThat(board.slot("timer").orElseThrow().handOvers()).isEqualTo(1);
        board.epochs().synchronize(board.epochs().context());
    }

    @Test
    void anotherHandOverWaitsNoLongerThanUntilTheThreadIsExpelled() {
        hang();
        bench.offer(bench.factory("timer"), 10, 7);
        bench.settled(board);
        assertThat(board.slot("timer").orElseThrow().handOvers()).isEqualTo(1);
        awaitFailure();
    }

    @Test
    void aNewcomerServesWhileTheOldModelStillHangs() throws Exception {
        hang();
        awaitFailure();
        bench.offer(bench.factory("plain"), 0, 2);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        Bench.write(board, DEVICE, 8);
        faulty.releaseHung.countDown();
        stuck.join();
        assertThat(outcome.get()).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(8);
        assertThat(board.counters()).containsEntry("hung-threads", 0L);
    }

    @Test
    void anInnocentNewcomerIsNotRefusedBecauseTheOldModelHangs() {
        hang();
        bench.offer(bench.factory("plain"), 10, 2);
        await().untilAsserted(() -> {
                assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
            assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
        });
        assertThat(slot.history()).noneMatch(entry ->
                entry.event().equals("REFUSED") && entry.detail().startsWith("plain.bundle 1.0.0 [2]"));
    }

    @Test
    void whoWaitsForTheDevicesLockEndsAsAnAbort() {
        hang();
        assertThat(Bench.outcome(board, DEVICE)).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
    }

    @Test
    void aBundleThatStopsAndABoardThatEndsAreNotHeldUp() {
        hang();
        bench.registry.withdraw(offer -> offer.type().equals("plain"));
        assertThat(slot.provider()).isEmpty();
        bench.registry.destroy("b");
        assertThat(bench.registry.list()).isEmpty();
        assertThat(stuck.isAlive()).isTrue();
    }

    @Test
    void aThreadThatComesBackIsAsGoodAsAnyOther() throws Exception {
        var later = new AtomicReference<TransactionResult>();
        faulty.faults.put(Callback.READ, Fault.HANGS);
        bench.journal.clear();
        stuck = Thread.ofPlatform().daemon().start(() -> {
            outcome.set(Bench.outcome(board, DEVICE));
            later.set(Bench.outcome(board, FakeMachine.TIMER));
        });
        await().until(() -> bench.journal.contains("READ dev"));
        awaitFailure();
        faulty.releaseHung.countDown();
        stuck.join();
        assertThat(outcome.get()).isEqualTo(TransactionResult.Fault.DEVICE_FAILED);
        assertThat(later.get().isDone()).isTrue();
    }
}
