package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.board.FakeDevice.Callback;
import dev.backplane.core.board.FakeDevice.Fault;
import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReassignmentTest {
    private static final long DEVICE = 0x0A00_2000L;
    private static final int STATE = 0x5A5A_0000;
    private final Bench bench = new Bench();
    private FakeDevice.Factory first;
    private FakeDevice.Factory second;
    private Offer firstOffer;
    private Board board;
    private Slot slot;

    @BeforeEach
    void board() {
        first = bench.factory("plain");
        firstOffer = bench.offer(first, 0, 1);
        board = bench.completeBoard(Bench.device("plain", "dev"));
        slot = board.slot("dev").orElseThrow();
        Bench.write(board, DEVICE, STATE);
        second = bench.factory("plain");
    }

    @AfterEach
    void close() {
        first.releaseHung.countDown();
        second.releaseHung.countDown();
        bench.close();
    }

    private void assertServedBy(int bundle) {
        assertThat(slot.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(slot.provider()).hasValueSatisfying(provider -> assertThat(provider).endsWith("[" + bundle + "]"));
        assertThat(Bench.read(board, DEVICE)).isEqualTo(STATE);
    }

    // Swap

    @Test
    void aSwapGivesTheSlotOtherValuesAndKeepsItsState() throws Exception {
        board.swap("dev", Map.of("speed", "7"));
        assertServedBy(1);
        assertThat(slot.properties()).containsEntry("speed", 7L);
        assertThat(slot.definition().properties()).containsEntry("speed", "7");
        bench.withdraw(firstOffer);
        bench.offer(second, 0, 2);
        bench.settled(board);
        assertServedBy(2);
        assertThat(slot.properties()).as("kept for whoever comes").containsEntry("speed", 7L);
    }

    @Test
    void aSwapPicksTheImplementationThatIsThereForTheValues() throws Exception {
        first.when = FactoryCondition.of("(!(accel=on))");
        bench.withdraw(firstOffer);
        bench.offer(first, 0, 1);
        assertThatThrownBy(() -> board.swap("dev", Map.of("accel", "on")))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("slot dev: no bundle provides device type plain with accel=on");
        second.when = FactoryCondition.of("(accel=on)");
        bench.offer(second, 0, 2);
        bench.settled(board);
        assertServedBy(1);
        board.swap("dev", Map.of("accel", "on"));
        assertServedBy(2);
        board.swap("dev", Map.of("accel", "off"));
        assertServedBy(1);
    }

    private void assertRefused(Map<String, String> properties, String... reason) {
        assertThatThrownBy(() -> board.swap("dev", properties))
                .isInstanceOf(PlugException.class)
                .hasMessageContainingAll(reason);
        assertServedBy(1);
        assertThat(slot.definition().properties()).isEmpty();
        assertThat(slot.properties()).containsEntry("speed", 1L);
    }

    @Test
    void eitherSideCanRefuseBeforeAnythingStops() {
        first.leaveVeto = "StreamID 0x20 of an assigned device translates";
        assertRefused(Map.of("speed", "2"), "StreamID 0x20 of an assigned device translates");
        assertThat(bench.journal).doesNotContain("QUIESCE dev");
        first.leaveVeto = null;
        first.enterVeto = "not now";
        assertRefused(Map.of("speed", "2"), "not now");
        assertThat(bench.journal).doesNotContain("QUIESCE dev").contains("LEAVE? 2", "ENTER? 1");
    }

    @Test
    void theLastWordIsSpokenBehindTheClosedGate() {
        first.faults.put(Callback.QUIESCE, Fault.THROWS);
        first.onFault = () -> {
            first.faults.clear();
            first.leaveVeto = "it translates by now";
            return false;
        };
        assertRefused(Map.of("speed", "2"), "it translates by now");
        assertThat(bench.journal).contains("QUIESCE dev").doesNotContain("SAVE dev");
    }

    @Test
    void anUpdateWithTheSameValuesAsksNobody() {
        first.leaveVeto = "no";
        bench.offer(second, 10, 2);
        bench.settled(board);
        assertServedBy(2);
    }

    @Test
    void whatDoesNotFitIsRefused() {
        first.regionSize = 0x2000;
        assertRefused(Map.of("speed", "2"), "regions", "must be equal");
        first.regionSize = 0x1000;
        assertRefused(Map.of("colour", "2"), "no property 'colour'");
        assertRefused(Map.of("place", "2"), "'place' is set by the board");
        assertRefused(Map.of("type", "other"), "holds plain", "other cannot follow it");
        assertRefused(Map.of(), "no property is given");
        first.faults.put(Callback.RESTORE, Fault.THROWS);
        assertRefused(Map.of("speed", "2"), "planted at RESTORE");
    }

    @Test
    void aStateOfAnotherKindIsRefused() {
        first.when = FactoryCondition.of("(!(accel=on))");
        bench.withdraw(firstOffer);
        bench.offer(first, 0, 1);
        second.when = FactoryCondition.of("(accel=on)");
        second.stateType = "another";
        bench.offer(second, 0, 2);
        assertRefused(Map.of("accel", "on"), "state is of a plain, expected another");
    }

    @Test
    void anMsiControllerKeepsItsDoorbellAndItsType() {
        assertThatThrownBy(() -> board.swap("gic", Map.of("type", "v2m")))
                .hasMessageContaining("slot gic: it takes MSIs at 0x8000040")
                .hasMessageContaining("v2m cannot follow controller");
        FakeDevice.Factory moved = bench.factory("controller");
        moved.doorbell = 0x80;
        bench.offer(moved, 10, 7);
        bench.settled(board);
        Slot gic = board.slot("gic").orElseThrow();
        assertThat(gic.handOvers()).isZero();
        assertThat(gic.history().getLast().detail()).contains("takes MSIs at 0x8000080").contains("0x8000040");
    }

    // Selection

    @Test
    void theRankingDecidesUntilASlotIsPinned() throws Exception {
        Offer better = bench.offer(second, 10, 2);
        bench.settled(board);
        assertServedBy(2);
        board.select("dev", "1");
        assertServedBy(1);
        assertThat(slot.pin()).hasValue("1");
        bench.change(better, 100);
        bench.settled(board);
        assertServedBy(1);
        board.select("dev", "");
        assertServedBy(2);
        assertThat(slot.pin()).isEmpty();
    }

    @Test
    void aPinMayNameBundleAndVersion() throws Exception {
        bench.offer(second, 10, 2);
        bench.settled(board);
        assertThatThrownBy(() -> board.select("dev", "plain.bundle:2.0.0"))
                .hasMessageContaining("no bundle 'plain.bundle:2.0.0' offers plain")
                .hasMessageContaining("plain.bundle 1.0.0 [1]");
        assertThat(slot.pin()).isEmpty();
        board.select("dev", "plain.bundle:1.0.0");
        assertServedBy(2);
    }

    @Test
    void aPinnedBundleThatCannotServeIsRefusedAndThePinWithIt() {
        second.faults.put(Callback.REALIZE, Fault.THROWS);
        bench.offer(second, -1, 2);
        assertThatThrownBy(() -> board.select("dev", "2")).hasMessageContaining("planted at REALIZE");
        assertServedBy(1);
        assertThat(slot.pin()).isEmpty();
    }

    @Test
    void whileThePinnedBundleIsAwayAnotherServes() throws Exception {
        bench.offer(second, 10, 2);
        board.select("dev", "1");
        bench.withdraw(firstOffer);
        assertServedBy(2);
        bench.offer(first, 0, 1);
        bench.settled(board);
        assertServedBy(1);
    }

    // What is recorded of it

    @Test
    void theFlightRecorderSeesWhatHappensToASlot(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("slots.jfr");
        try (var recording = new Recording()) {
            for (String name : List.of("Plug", "Park", "Resume", "HandOver", "Failure", "Abort")) {
                recording.enable("dev.backplane." + name).withoutThreshold();
            }
            recording.start();
            board.plug(Bench.device("plain", "late"));
            board.swap("dev", Map.of("speed", "3"));
            bench.withdraw(firstOffer);
            Bench.outcome(board, DEVICE);
            second.faults.put(Callback.READ, Fault.THROWS);
            bench.offer(second, 0, 2);
            bench.settled(board);
            Bench.outcome(board, DEVICE);
            bench.settled(board);
            recording.dump(file);
        }
        List<RecordedEvent> events = RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getString("slot").equals("dev")
                        || event.getEventType().getName().endsWith("Plug"))
                .toList();
        assertThat(events.stream().map(event -> event.getEventType().getName().substring("dev.backplane.".length())))
                .contains("Plug", "HandOver", "Park", "Resume", "Abort", "Failure");
        assertThat(event(events, "HandOver").getDuration("gateClosed")).isPositive();
        assertThat(event(events, "HandOver").getDuration())
                .isGreaterThanOrEqualTo(event(events, "HandOver").getDuration("gateClosed"));
        assertThat(events).anySatisfy(event -> {
            assertThat(event.getEventType().getName()).isEqualTo("dev.backplane.Abort");
            assertThat(event.getString("fault")).isEqualTo("SLOT_TIMEOUT");
            assertThat(event.getDuration()).as("as long as it was held").isPositive();
        });
        assertThat(event(events, "Failure").getString("detail")).contains("planted at READ");
    }

    private static RecordedEvent event(List<RecordedEvent> events, String name) {
        return events.stream()
                .filter(event -> event.getEventType().getName().equals("dev.backplane." + name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void historyAndCountersSayHowLongThingsTook() throws Exception {
        board.swap("dev", Map.of("speed", "3"));
        assertThat(slot.history()).anySatisfy(entry -> {
            assertThat(entry.event()).isEqualTo("HANDED_OVER");
            assertThat(entry.duration()).isPositive();
        });
        assertThat(slot.counters()).containsEntry("hand-overs", 1L).containsKeys("gate-closed-last", "gate-closed-most");
    }
}
