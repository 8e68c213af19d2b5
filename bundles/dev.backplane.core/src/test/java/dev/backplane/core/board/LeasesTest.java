package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LeasesTest {
    private static final long DEVICE = 0x0A00_2000L;

    private final Bench bench = new Bench();
    private final List<String> journal = new CopyOnWriteArrayList<>();
    private final LeasingDevice.Factory factory = new LeasingDevice.Factory("leasing", journal);

    @AfterEach
    void close() {
        bench.close();
    }

    private List<String> of(String verb) {
        return journal.stream().filter(entry -> entry.startsWith(verb)).toList();
    }

    @Test
    void aSlotKeepsLeasesOverItsModelsAndClosesThemInReverseWhenItIsRemoved() throws Exception {
        Board board = bench.completeBoard();
        var first = LeasingDevice.offer(factory, 1);
        bench.registry.offer(first);
        board.plug(Bench.device("leasing", "one"));
        bench.registry.offer(LeasingDevice.offer(factory, 2));
        bench.settled(board);
        bench.withdraw(first);
        assertThat(of("finds")).containsExactly("finds []", "finds [device, table, queue]");
        assertThat(of("closes")).isEmpty();
        board.unplug("one");
        assertThat(journal.subList(journal.size() - 4, journal.size()))
                .containsExactly("unrealized one", "closes queue", "closes table", "closes device");
    }

    @Test
    void aParkedSlotKeepsItsLeasesForWhoComesNext() throws Exception {
        Board board = bench.completeBoard();
        var first = LeasingDevice.offer(factory, 1);
        bench.registry.offer(first);
        board.plug(Bench.device("leasing", "one"));
        bench.withdraw(first);
        assertThat(of("closes")).isEmpty();
        bench.registry.offer(LeasingDevice.offer(factory, 2));
        bench.settled(board);
        assertThat(of("finds")).containsExactly("finds []", "finds [device, table, queue]");
    }

    /** Nobody is there to be asked, and another implementation would not find what the host is at work with. */
    @Test
    void aParkedSlotThatHoldsLeasesIsNotGivenToAnotherImplementation() throws Exception {
        Board board = bench.completeBoard();
        var first = conditional(factory, 1, "(!(accel=off))");
        bench.registry.offer(first);
        Slot slot = board.plug(Bench.device("leasing", "one"));
        bench.registry.offer(conditional(new LeasingDevice.Factory("leasing", journal), 2, "(accel=off)"));
        bench.withdraw(first);
        journal.clear();
        assertThatThrownBy(() -> board.swap("one", Map.of("accel", "off")))
                .isInstanceOf(PlugException.class)
                .hasMessage("slot one: its model is away, and the host may be at work for it with what the slot holds "
                        + "(device, table, queue), which no other implementation can let go of: start its bundle "
                        + "first, then swap");
        assertThat(journal).as("the other implementation is not even made").isEmpty();
        assertThat(slot.state()).isEqualTo(Slot.State.PARKED);
        assertThat(slot.definition().properties()).isEmpty();
        bench.registry.offer(first);
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(of("finds")).containsExactly("finds [device, table, queue]");
        board.swap("one", Map.of("accel", "off"));
        assertThat(slot.provider()).hasValue("leasing [2]");
    }

    private static Offer conditional(LeasingDevice.Factory factory, long id, String when) {
        return new Offer(
                id, id, 0, factory.type(), id, "leasing [" + id + "]", factory, FactoryCondition.of(when));
    }

    @Test
    void aRefusedRealizeLeavesNothingBehindAndTakesNothingOfItsPredecessor() throws Exception {
        Board board = bench.completeBoard();
        factory.refusesRealize = true;
        bench.registry.offer(LeasingDevice.offer(factory, 1));
        assertThatThrownBy(() -> board.plug(Bench.device("leasing", "one")))
                .hasMessageContaining("the host is not good enough");
        assertThat(of("closes")).containsExactly("closes extra", "closes table", "closes device");

        journal.clear();
        var good = new LeasingDevice.Factory("leasing", journal);
        bench.registry.offer(LeasingDevice.offer(good, 2));
        Slot slot = board.plug(Bench.device("leasing", "two"));
        bench.registry.offer(LeasingDevice.offer(factory, 3));
        bench.settled(board);
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(of("closes")).containsExactly("closes extra");
    }

    @Test
    void whatCannotBeClosedIsNotedAndTheRestIsClosed() throws Exception {
        Board board = bench.completeBoard();
        factory.troubled = true;
        bench.registry.offer(LeasingDevice.offer(factory, 1));
        Slot slot = board.plug(Bench.device("leasing", "one"));
        board.unplug("one");
        assertThat(of("closes")).containsExactly("closes queue", "closes table", "closes device");
        assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("LEASE_LEFT");
            assertThat(entry.detail()).contains("table").contains("EBUSY");
        });
    }

    @Test
    void theMachineIsDoneOnceForASlotWhenAllDevicesAreThere() throws Exception {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"));
        bench.registry.offer(LeasingDevice.offer(factory, 1));
        Board board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of(), List.of(Bench.device("leasing", "one"))));
        bench.settled(board);
        assertThat(of("machine")).isEmpty();
        bench.offer(bench.factory("timer"));
        bench.settled(board);
        assertThat(board.isComplete()).isTrue();
        assertThat(of("machine")).containsExactly("machine done one");
        bench.registry.offer(LeasingDevice.offer(factory, 2));
        board.plug(Bench.device("leasing", "two"));
        assertThat(of("machine")).containsExactly("machine done one", "machine done two");
        bench.settled(board);
        assertThat(board.slot("one").orElseThrow().handOvers()).isOne();
    }

    /** What the one before had settled went with its state. */
    @Test
    void aModelThatBeginsWithoutStateIsToldThatTheMachineIsDoneBeforeItServes() {
        for (boolean reset : List.of(false, true)) {
            try (var one = new Bench()) {
                Board board = completeWithLeasing(one);
                Slot slot = board.slot("one").orElseThrow();
                fail(one, board);
                if (reset) {
                    board.reset(ResetKind.COLD);
                }
                journal.clear();
                var next = new LeasingDevice.Factory("leasing", journal);
                next.onMachineDone = () -> journal.add("machine done while " + slot.state());
                one.registry.offer(LeasingDevice.offer(next, 2));
                one.settled(board);
                assertThat(slot.state()).as("%s", slot.why()).isEqualTo(Slot.State.RUNNING);
                assertThat(of("machine")).containsExactly("machine done one", "machine done while FAILED");
            }
        }
    }

    @Test
    void aModelThatBeginsWithoutStateAndCannotWorkOnTheMachineDoesNotServe() {
        Board board = completeWithLeasing(bench);
        fail(bench, board);
        var next = new LeasingDevice.Factory("leasing", journal);
        next.refusesMachine = true;
        bench.registry.offer(LeasingDevice.offer(next, 2));
        bench.settled(board);
        Slot slot = board.slot("one").orElseThrow();
        assertThat(slot.state()).isEqualTo(Slot.State.FAILED);
        assertThat(slot.why()).anySatisfy(cause -> assertThat(cause.reason())
                .contains("machine done: ats=auto: there is no device to ask: say ats=on or off"));
    }

    private Board completeWithLeasing(Bench one) {
        factory.failsRead = false;
        one.registry.offer(LeasingDevice.offer(factory, 1));
        Board board = one.completeBoard(Bench.device("leasing", "one"));
        assertThat(board.isComplete()).as("%s", board.why()).isTrue();
        return board;
    }

    private void fail(Bench one, Board board) {
        factory.failsRead = true;
        Bench.outcome(board, DEVICE);
        one.settled(board);
        assertThat(board.slot("one").orElseThrow().state()).isEqualTo(Slot.State.FAILED);
    }

    @Test
    void aDeviceThatCannotWorkOnTheMachineFailsItsSlotAndTheBoardSaysWhy() {
        bench.registry.machineTypeArrived("fake", new FakeMachine());
        bench.offer(bench.factory("controller"));
        bench.offer(bench.factory("timer"));
        factory.refusesMachine = true;
        bench.registry.offer(LeasingDevice.offer(factory, 1));
        Board board = bench.registry.create(new BoardDefinition(
                "b", "fake", Map.of(), List.of(Bench.device("leasing", "one"))));
        bench.settled(board);
        assertThat(board.isComplete()).isFalse();
        assertThat(board.slot("one").orElseThrow().state()).isEqualTo(Slot.State.FAILED);
        assertThat(board.why()).anySatisfy(cause -> assertThat(cause.reason())
                .contains("machine done: ats=auto: there is no device to ask: say ats=on or off"));
    }

    @Test
    void aLateDeviceThatCannotWorkOnTheMachineIsNotPlugged() {
        Board board = bench.completeBoard();
        factory.refusesMachine = true;
        bench.registry.offer(LeasingDevice.offer(factory, 1));
        assertThatThrownBy(() -> board.plug(Bench.device("leasing", "one"))).hasMessageContaining("ats=auto");
        assertThat(board.slot("one")).isEmpty();
        assertThat(of("closes")).containsExactly("closes queue", "closes table", "closes device");
    }
}
