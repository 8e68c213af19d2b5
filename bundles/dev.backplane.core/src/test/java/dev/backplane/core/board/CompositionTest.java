package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Cause;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.ResetKind;
import dev.backplane.memory.TransactionResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CompositionTest {
    private static final List<String> ARRIVALS =
            List.of("machine", "controller", "timer", "plain", "pci-one", "pci-two", "board");
    private static final BoardDefinition DEFINITION = new BoardDefinition(
            "b",
            "fake",
            Map.of(),
            List.of(Bench.device("pci-one", ""), Bench.device("plain", "dev"), Bench.device("pci-two", "")));

    static Stream<List<String>> orders() {
        var orders = new ArrayList<List<String>>();
        orders.add(ARRIVALS);
        for (int i = 0; i < ARRIVALS.size(); i++) {
            for (int j = i + 1; j < ARRIVALS.size(); j++) {
                var swapped = new ArrayList<>(ARRIVALS);
                Collections.swap(swapped, i, j);
                orders.add(swapped);
            }
        }
        IntStream.range(0, 50).forEach(seed -> {
            var shuffled = new ArrayList<>(ARRIVALS);
            Collections.shuffle(shuffled, new Random(seed));
            orders.add(shuffled);
        });
        return orders.stream();
    }

    @ParameterizedTest
    @MethodSource("orders")
    void theSameBoardComesOfAnyOrderOfArrivals(List<String> order) {
        try (var reference = new Bench();
                var bench = new Bench()) {
            assertThat(composed(bench, order)).isEqualTo(composed(reference, ARRIVALS));
        }
    }

    private static String composed(Bench bench, List<String> order) {
        for (String arrival : order) {
            switch (arrival) {
                case "machine" -> bench.registry.machineTypeArrived("fake", new FakeMachine());
                case "board" -> bench.registry.create(DEFINITION);
                default -> bench.offer(bench.factory(arrival));
            }
        }
        Board board = bench.registry.find("b").orElseThrow();
        bench.settled(board);
        assertThat(board.isComplete()).as("why: %s", board.why()).isTrue();
        assertThat(bench.journal.stream().filter(line -> line.startsWith("REALIZE")))
                .containsExactly(
                        "REALIZE gic", "REALIZE timer", "REALIZE pci-one2", "REALIZE dev", "REALIZE pci-two4");
        return board.slots().stream()
                        .map(slot -> slot.definition() + " " + slot.pciAddress() + " " + slot.properties())
                        .toList()
                + board.memoryMap().toString()
                + board.pci().functions();
    }

    @Test
    void whyNamesTheFirstRealCauseAndWhatHelps() throws InterruptedException {
        try (var bench = new Bench()) {
            Board board = bench.registry.create(DEFINITION);
            assertThat(board.why())
                    .containsExactly(new Cause(
                            "b",
                            "no bundle provides machine type fake",
                            "start the bundle with backplane.machine=fake"));
            bench.registry.machineTypeArrived("fake", new FakeMachine());
            bench.offer(bench.factory("timer"));
            bench.settled(board);
            var cause = new Cause(
                    "gic",
                    "no bundle provides device type controller",
                    "start the bundle with backplane.device.type=controller");
            assertThat(board.slot("timer").orElseThrow().why()).containsExactly(cause);
            assertThat(board.why()).startsWith(cause);
            assertThat(board.slot("gic").orElseThrow().state()).isEqualTo(Slot.State.EMPTY);
            FakeDevice.Factory faulty = bench.factory("controller");
            faulty.faults.put(Callback.REALIZE, Fault.THROWS);
            bench.offer(faulty);
            bench.settled(board);
            assertThat(board.slot("timer").orElseThrow().why().getFirst().reason())
                    .contains("controller.bundle", "realize", "planted at REALIZE");
            assertThat(board.awaitComplete(Duration.ofMillis(1))).isFalse();
        }
    }

    @Test
    void aModelWhoseNeedArrivesLaterIsTriedAgain() {
        try (var bench = new Bench()) {
            bench.offer(bench.factory("plain"));
            Board board = bench.completeBoard(
                    new DeviceRequest("plain", "dev", "", "", Map.of("needs", "something")));
            Slot slot = board.slot("dev").orElseThrow();
            assertThat(slot.why())
                    .containsExactly(new Cause(
                            "dev",
                            slot.why().getFirst().reason(),
                            "start the bundle with objectClass=java.lang.Runnable"));
            bench.platform.put(Runnable.class, (Runnable) () -> {});
            bench.registry.platformOffers(Runnable.class.getName());
            bench.settled(board);
            assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
            bench.registry.destroy("b");
            assertThat(bench.journal).contains("RELEASE");
        }
    }

    @Test
    void badPlugsSayWhyAndChangeNothing() throws Exception {
        try (var bench = new Bench()) {
            bench.offer(bench.factory("plain"));
            bench.offer(bench.factory("pci-one"));
            Board board = bench.completeBoard(Bench.device("plain", "dev"), Bench.device("pci-one", "card"));
            List<Slot> slots = board.slots();
            List<Board.MapEntry> map = board.memoryMap();
            refused(board, Bench.device("nothing", ""), "no bundle provides device type nothing", "known types");
            refused(board, Bench.device("nowhere", ""), "there is no place for it");
            refused(board, Bench.device("plain", "dev"), "already has a slot 'dev'");
            refused(board, Bench.device("plain", "pcie.0"), "already has a PCI bus 'pcie.0'", "itself has", "pcie.0");
            refused(board, with("colour", "red"), "no property 'colour'", "speed");
            refused(board, with("speed", "fast"), "speed", "'fast'", "a number");
            refused(board, with("place", "3"), "property 'place' is set by the board");
            refused(board, with("parent", "nobody"), "'nobody' is no slot or bus of board b");
            assertThat(board.slots()).isEqualTo(slots);
            assertThat(board.memoryMap()).isEqualTo(map);
            assertThat(board.isComplete()).isTrue();
            assertThatThrownBy(() -> board.unplug("gic"))
                    .isInstanceOf(PlugException.class)
                    .hasMessageContaining("must stay");
            assertThatThrownBy(() -> board.unplug("nobody"))
                    .isInstanceOf(PlugException.class)
                    .hasMessageContaining("no slot 'nobody'");
        }
    }

    private static DeviceRequest with(String property, String value) {
        return new DeviceRequest("plain", "", "", "", Map.of(property, value));
    }

    private static void refused(Board board, DeviceRequest request, String... message) {
        assertThatThrownBy(() -> board.plug(request))
                .isInstanceOf(PlugException.class)
                .message()
                .contains(message);
    }

    @Test
    void aPluggedDeviceWorksUntilItIsUnplugged() throws Exception {
        try (var bench = new Bench()) {
            bench.offer(bench.factory("plain"));
            Board board = bench.completeBoard();
            Slot slot = board.plug(Bench.device("plain", "dev"));
            assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
            Bench.write(board, 0x0A00_2000L, 5);
            board.unplug("dev");
            assertThat(board.slot("dev")).isEmpty();
            assertThat(Bench.outcome(board, 0x0A00_2000L)).isEqualTo(TransactionResult.Fault.DECODE_ERROR);
            assertThat(bench.journal).contains("UNREALIZE dev");
            board.plug(Bench.device("plain", "dev"));
            assertThat(Bench.read(board, 0x0A00_2000L)).isZero();
        }
    }

    @Test
    void aSlotThatOthersLinkToStays() throws Exception {
        try (var bench = new Bench()) {
            bench.offer(bench.factory("plain"));
            Board board = bench.completeBoard(Bench.device("plain", "dev"));
            board.plug(new DeviceRequest("plain", "child", "", "", Map.of("parent", "dev")));
            assertThatThrownBy(() -> board.unplug("dev")).hasMessageContaining("unplug child first");
            board.unplug("child");
            board.unplug("dev");
            assertThat(board.isComplete()).isTrue();
        }
    }

    @Test
    void aResetTakesAllDevicesThroughEachPhaseTogether() {
        try (var bench = new Bench()) {
            Board board = bench.completeBoard();
            Bench.write(board, FakeMachine.TIMER, 8);
            Bench.write(board, FakeMachine.RAM, 9);
            bench.journal.clear();
            board.reset(ResetKind.COLD);
            assertThat(bench.journal)
                    .containsExactly(
                            "QUIESCE timer",
                            "QUIESCE gic",
                            "RESET timer ENTER",
                            "RESET gic ENTER",
                            "RESET timer HOLD",
                            "RESET gic HOLD",
                            "RESET timer EXIT",
                            "RESET gic EXIT",
                            "RESUME gic",
                            "RESUME timer");
            assertThat(Bench.read(board, FakeMachine.TIMER)).isZero();
            assertThat(Bench.read(board, FakeMachine.RAM)).isEqualTo(9);
        }
    }

    @Test
    void aRefusedDefinitionMakesNoBoard() {
        try (var bench = new Bench()) {
            bench.registry.machineTypeArrived("fake", new FakeMachine());
            var wrong = new BoardDefinition("b", "fake", Map.of("clock", "sundial"), List.of());
            assertThatThrownBy(() -> bench.registry.create(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("sundial");
            assertThat(bench.registry.list()).isEmpty();
            assertThat(bench.registry.create(wrong, false).why().getFirst().reason()).contains("sundial");
            assertThatThrownBy(() -> bench.registry.create(wrong)).hasMessageContaining("'b' exists");
            bench.registry.destroy("b");
            assertThatThrownBy(() -> bench.registry.destroy("b")).hasMessageContaining("no board 'b'");
        }
    }

    @Test
    void twoBoardsOfOneFactoryAreApart() {
        try (var bench = new Bench()) {
            Board one = bench.completeBoard();
            Board two = bench.registry.create(new BoardDefinition("c", "fake", Map.of("clock", "manual"), List.of()));
            bench.settled(two);
            Bench.write(one, FakeMachine.TIMER, 4);
            assertThat(Bench.read(two, FakeMachine.TIMER)).isZero();
            assertThat(two.clock().isRealTime()).isFalse();
            Offer better = bench.offer(bench.factory("timer"), 5, 77);
            bench.settled(one);
            bench.settled(two);
            assertThat(two.slot("timer").orElseThrow().provider().orElseThrow()).contains("[77]");
            bench.withdraw(better);
            assertThat(Bench.read(one, FakeMachine.TIMER)).isEqualTo(4);
            assertThat(one.counters()).containsEntry("hand-overs", 2L).containsEntry("time-outs", 0L);
        }
    }

    @Test
    void aChosenBundleIsPreferredFromThenOn() throws Exception {
        try (var bench = new Bench()) {
            Board board = bench.completeBoard();
            var engine = (BoardEngine) board;
            Offer other = bench.offer(bench.factory("timer"), 0, 78);
            bench.settled(board);
            var slot = engine.slotsServedBy(board.slot("timer")
                            .orElseThrow()
                            .provider()
                            .map(text -> Long.parseLong(text.replaceAll(".*\\[(\\d+)]", "$1")))
                            .orElseThrow())
                    .getFirst();
            engine.handTo(slot, other);
            bench.offer(bench.factory("unrelated"));
            bench.settled(board);
            assertThat(slot.provider().orElseThrow()).contains("[78]");
        }
    }

    @Test
    void whatAModelDrivesIsSeenByObserversOfTheController() throws Exception {
        try (var bench = new Bench()) {
            Board board = bench.completeBoard();
            var seen = new ArrayList<String>();
            try (AutoCloseable observation =
                    board.observeInputs("gic", (intid, asserted) -> seen.add(intid + " " + asserted))) {
                Bench.write(board, FakeMachine.TIMER, 1);
                Bench.write(board, FakeMachine.TIMER, 0);
                assertThat(observation).isNotNull();
            }
            Bench.write(board, FakeMachine.TIMER, 1);
            assertThat(seen).containsExactly("40 true", "40 false");
        }
    }

    @Test
    void devicesAreReadAsUsersWriteThem() {
        assertThat(DeviceArguments.device("edu,id=e1,bus=pcie.0,addr=03.0,dma_mask=0xff"))
                .isEqualTo(new DeviceRequest("edu", "e1", "pcie.0", "03.0", Map.of("dma_mask", "0xff")));
        assertThatThrownBy(() -> DeviceArguments.device("id=e1")).hasMessageContaining("type first");
        assertThatThrownBy(() -> DeviceArguments.device("edu,fast")).hasMessageContaining("key=value");
        assertThatThrownBy(() -> DeviceArguments.options("a=1", "a=2")).hasMessageContaining("twice");
        assertThat(ConfiguredBoard.definition(Map.of(
                        "board.name", "x",
                        "board.machine", "virt",
                        "board.options", new String[] {"smp=2"},
                        "board.devices", "edu")))
                .isEqualTo(new BoardDefinition(
                        "x", "virt", Map.of("smp", "2"), List.of(Bench.device("edu", ""))));
        assertThatThrownBy(() -> ConfiguredBoard.definition(Map.of("board.name", "x")))
                .hasMessageContaining("board.machine");
    }
}
