package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Resets of devices whose model is away: the device is as after a reset, at once and when a model comes. */
class UnservedResetTest {
    private static final long DEVICE = 0x0A00_2000L;
    private static final Bdf CARD = new Bdf(0, 1, 0);
    private static final long BAR = 0x1000_0000L;
    private static final int COMMAND = 4;
    private static final int BAR0 = 0x10;

    private final Bench bench = new Bench();
    private FakeDevice.Factory factory;
    private Offer offer;
    private Board board;
    private Slot slot;

    @AfterEach
    void close() {
        bench.close();
    }

    private void compose(String type) {
        factory = bench.factory(type);
        offer = bench.offer(factory, 0, 1);
        board = bench.completeBoard(Bench.device(type, "dev"));
        slot = board.slot("dev").orElseThrow();
    }

    private void comeBack(FakeDevice.Factory next) {
        bench.journal.clear();
        bench.offer(next, 0, 2);
        bench.settled(board);
        assertThat(slot.state()).as("%s", slot.why()).isEqualTo(Slot.State.RUNNING);
    }

    private int config(int offset) {
        return board.pci().readConfig(board.epochs().context(), CARD, offset, 4);
    }

    private void config(int offset, int value) {
        board.pci().writeConfig(board.epochs().context(), CARD, offset, 4, value);
    }

    private void enableCard() {
        config(BAR0, (int) BAR);
        config(COMMAND, 6);
    }

    @Test
    void theNextModelTakesTheStateOverAndIsResetBeforeItServes() {
        compose("plain");
        Bench.write(board, DEVICE, 0x5A5A_0000);
        bench.withdraw(offer);
        board.reset(ResetKind.COLD);
        assertThat(slot.history().getLast().event()).isEqualTo("RESET");
        assertThat(slot.history().getLast().detail()).startsWith("COLD").contains("the kept state is void");
        comeBack(bench.factory("plain"));
        assertThat(bench.journal).containsSubsequence(
                "RESTORE dev", "RESET dev ENTER", "RESET dev HOLD", "RESET dev EXIT", "RESUME dev");
        assertThat(Bench.read(board, DEVICE)).isZero();
        assertThat(slot.history()).noneMatch(entry -> entry.event().equals("RESUMED"));
    }

    @Test
    void theModelAfterThatOneFindsNoResetToMakeUpFor() {
        compose("plain");
        bench.withdraw(offer);
        board.reset(ResetKind.COLD);
        bench.offer(factory, 0, 1);
        bench.settled(board);
        Bench.write(board, DEVICE, 0x5A5A_0000);
        bench.registry.withdraw(other -> other.type().equals("plain"));
        comeBack(bench.factory("plain"));
        assertThat(Bench.read(board, DEVICE)).isEqualTo(0x5A5A_0000);
    }

    @Test
    void aStateThatNobodyTakesOverDoesNotKeepAResetDeviceAway() {
        for (Fault fault : Fault.values()) {
            try (var one = new Bench()) {
                var parked = one.factory("plain");
                Offer gone = one.offer(parked, 0, 1);
                Board machine = one.completeBoard(Bench.device("plain", "dev"));
                Bench.write(machine, DEVICE, 0x5A5A_0000);
                one.withdraw(gone);
                machine.reset(ResetKind.COLD);
                var next = one.factory("plain");
                next.faults.put(Callback.RESTORE, fault);
                one.offer(next, 0, 2);
                one.settled(machine);
                next.releaseHung.countDown();
                Slot there = machine.slot("dev").orElseThrow();
                assertThat(there.state()).as("%s: %s", fault, there.why()).isEqualTo(Slot.State.RUNNING);
                assertThat(Bench.read(machine, DEVICE)).isZero();
                assertThat(there.history()).anyMatch(entry -> entry.event().equals("STATE_LOST"));
            }
        }
    }

    @Test
    void aStateThatNobodyTakesOverStillKeepsAnotherDeviceAway() {
        compose("plain");
        bench.withdraw(offer);
        var next = bench.factory("plain");
        next.stateVersion = 0;
        bench.offer(next, 0, 2);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
    }

    @Test
    void configurationSpaceIsResetAtOnceAndWhatSoftwareThenWritesStays() {
        compose("pci-card");
        enableCard();
        Bench.write(board, BAR, 0x5A5A_0000);
        bench.withdraw(offer);
        board.reset(ResetKind.COLD);
        assertThat(config(BAR0)).isZero();
        assertThat(config(COMMAND) & 0xFFFF).isZero();
        assertThat(Bench.outcome(board, BAR)).isEqualTo(TransactionResult.Fault.DECODE_ERROR);
        enableCard();
        comeBack(bench.factory("pci-card"));
        assertThat(config(BAR0)).isEqualTo((int) BAR);
        assertThat(Bench.read(board, BAR)).isZero();
    }

    @Test
    void aResetThatSoftwareStartsOfAFunctionAloneReachesItsNextModel() {
        compose("pci-card");
        enableCard();
        Bench.write(board, BAR, 0x5A5A_0000);
        bench.withdraw(offer);
        ((BoardEngine) board).resetFunctions(Set.of("dev"), ResetKind.FUNCTION_LEVEL);
        bench.settled(board);
        assertThat(slot.history().getLast().detail()).startsWith("FUNCTION_LEVEL");
        comeBack(bench.factory("pci-card"));
        assertThat(bench.journal).containsSubsequence("RESTORE dev", "RESET dev ENTER", "RESUME dev");
        assertThat(Bench.read(board, BAR)).isZero();
    }

    @Test
    void aFunctionThatFailedIsResetToo() {
        compose("pci-card");
        enableCard();
        factory.faults.put(Callback.READ, Fault.THROWS);
        Bench.outcome(board, BAR);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.FAILED);
        board.reset(ResetKind.COLD);
        assertThat(config(BAR0)).isZero();
        enableCard();
        comeBack(bench.factory("pci-card"));
        assertThat(Bench.read(board, BAR)).isZero();
    }

    @Test
    void aHeldTransactionIsDoneOnTheDeviceThatWasReset() throws Exception {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        offer = bench.offer(bench.factory("plain"), 0, 1);
        board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of("slot-timeout", "30000"), List.of(Bench.device("plain", "dev"))));
        bench.settled(board);
        slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, 0x5A5A_0000);
        bench.withdraw(offer);
        var held = (TransactionResult.Pending)
                board.systemPort("test").write(board.epochs().context(), DEVICE, 4, 6);
        board.reset(ResetKind.COLD);
        assertThat(held.ticket().result()).isEmpty();
        comeBack(bench.factory("plain"));
        await().until(() -> held.ticket().result().isPresent());
        assertThat(Bench.read(board, DEVICE)).isEqualTo(6);
    }

    @Test
    void theLineOfAParkedDeviceFallsAndEdgesThatAParkedControllerLatchedAreForgotten() {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        Offer controller = bench.offer(bench.factory("controller"));
        Offer timer = bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
        slot = board.slot("gic").orElseThrow();
        bench.withdraw(controller);
        Bench.write(board, FakeMachine.TIMER, 1);
        bench.withdraw(timer);
        board.reset(ResetKind.COLD);
        comeBack(bench.factory("controller"));
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isZero();
        bench.offer(bench.factory("timer"));
        bench.settled(board);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isZero();
        Bench.write(board, FakeMachine.TIMER, 1);
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isEqualTo(1);
    }

    @Test
    void aLevelFromOutsideOutlastsTheResetOfAParkedController() {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        Offer controller = bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        board = bench.registry.create(new BoardDefinition("b", "fake", Map.of(), List.of()));
        bench.settled(board);
        slot = board.slot("gic").orElseThrow();
        bench.withdraw(controller);
        board.driveInput("gic", 77, true);
        board.reset(ResetKind.COLD);
        comeBack(bench.factory("controller"));
        assertThat(Bench.read(board, FakeMachine.CONTROLLER)).isEqualTo(1);
    }
}
