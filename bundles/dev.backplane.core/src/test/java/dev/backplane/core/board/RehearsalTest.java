package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.MachineDefinition.AcceleratorChoice;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RehearsalTest {
    private static final long DEVICE = 0x0A00_2000L;
    private final Bench bench = new Bench(true);
    private FakeDevice.Factory next;
    private Board board;
    private Slot slot;

    private void board(String type) {
        bench.offer(bench.factory(type), 0, 1);
        board = bench.completeBoard(Bench.device(type, "dev"));
        slot = board.slot("dev").orElseThrow();
        next = new FakeDevice.Factory(type, new CopyOnWriteArrayList<>());
    }

    @AfterEach
    void close() {
        next.releaseHung.countDown();
        bench.close();
    }

    private void handOver() {
        bench.offer(next, 10, 2);
        bench.settled(board);
    }

    @Test
    void aHandOverIsRehearsedBeforeTheGateClosesAndDisturbsNobody() {
        board("plain");
        Bench.write(board, DEVICE, 6);
        handOver();
        assertThat(slot.handOvers()).isEqualTo(1);
        assertThat(Bench.read(board, DEVICE)).isEqualTo(6);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).as("no interrupt").isZero();
        isRehearsed();
        assertThat(next.journal.stream().filter(line -> line.startsWith("UNREALIZE")))
                .as("all but the one that serves")
                .hasSize(next.created.get() - 1);
        assertThat(next.journal.indexOf("SAVE dev")).isLessThan(next.journal.indexOf("RESTORE dev"));
    }

    @Test
    void aFunctionIsRehearsedToo() {
        board("pci-card");
        handOver();
        assertThat(slot.handOvers()).isEqualTo(1);
        isRehearsed();
    }

    /** Two models each time, at least twice, and one to serve. */
    private void isRehearsed() {
        assertThat(next.created.get()).isOdd().isGreaterThanOrEqualTo(5);
    }

    @Test
    void theOldSideIsRehearsedEachTimeAsOften() {
        board("plain");
        handOver();
        int created = next.created.get();
        bench.offer(new FakeDevice.Factory("plain", new CopyOnWriteArrayList<>()), 20, 3);
        bench.settled(board);
        assertThat(slot.handOvers()).isEqualTo(2);
        assertThat(next.created.get() - created).isEven().isGreaterThanOrEqualTo(4);
    }

    @Test
    void whatThrowsOnlyInARehearsalTakesOverAllTheSame() {
        board("plain");
        next.faults.put(Callback.SAVE, Fault.THROWS);
        handOver();
        assertThat(slot.handOvers()).isEqualTo(1);
    }

    @Test
    void whatHangsInARehearsalIsRefusedWhileTheOldOneServes() {
        board("plain");
        next.faults.put(Callback.RESTORE, Fault.HANGS);
        bench.journal.clear();
        handOver();
        assertThat(slot.handOvers()).isZero();
        assertThat(slot.history().getLast().detail()).contains("restore did not return within");
        assertThat(Bench.read(board, DEVICE)).isZero();
    }

    @Test
    void anIommuThatThrowsInARehearsalServesOnUntilItsSuccessorDoes() throws Exception {
        bench.registry.machineTypeArrived("fake", new HostMachine(AcceleratorChoice.NONE));
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        bench.offer(bench.factory("pci-card"));
        var old = new IommuModel.Factory();
        bench.registry.offer(old.offer(5));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
        slot = board.plug(new DeviceRequest(IommuModel.TYPE, "smmu0", "", "", Map.of("primary-bus", "pcie.0")));
        board.plug(new DeviceRequest("pci-card", "dev", "", "3", Map.of()));
        next = new FakeDevice.Factory("pci-card", new CopyOnWriteArrayList<>());
        old.spaceless = new IllegalStateException("asked once more");
        bench.registry.offer(new IommuModel.Factory().offer(6));
        bench.settled(board);
        assertThat(slot.history()).extracting(Slot.HistoryEntry::event)
                .contains("HANDED_OVER")
                .doesNotContain("FAILED");
        assertThat(slot.handOvers()).isEqualTo(1);
    }
}
