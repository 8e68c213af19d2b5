package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.hostiommu.VeventQueue.Vevent;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model that takes over from another one while physical devices go on. */
class HandOverTest {
    private static final long CONTEXTS = 0x4400_0000L;

    private final FakeHost host = new FakeHost();
    private final FakeHost.Device first = host.device("a");
    private final FakeHost.Device second = host.device("b");
    private TestBoard old;

    @BeforeEach
    void translateOneOfTwo() throws Exception {
        old = new TestBoard(host);
        old.connect(0x108, first);
        old.connect(0x110, second);
        old.ste(0x108, 1);
        old.ste(0x110, 1);
        old.enabled();
        old.translating(0x108, CONTEXTS);
        old.ste(0x110, 0b1001);
        old.commands(4, 31, TestBoard.SYNC, 0);
        host.events.report(new Vevent.Event(4, new long[] {0x108_0000_0010L, 0, 0, 0}));
        host.calls.clear();
    }

    private TestBoard handOver(BiConsumer<TestBoard, SavedState> order) throws Exception {
        var next = old.successor(Map.of());
        old.smmu.quiesce();
        order.accept(next, old.smmu.save());
        next.smmu.resume();
        old.smmu.unrealize();
        return next;
    }

    private static void restore(TestBoard board, SavedState state) {
        try {
            board.smmu.restore(state);
        } catch (RestoreException e) {
            throw new AssertionError(e);
        }
    }

    private void connect(TestBoard board) {
        assertThat(board.connect(0x108, first)).isEmpty();
        assertThat(board.connect(0x110, second)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void adoptsTheHardwareAsItIs(boolean stateFirst) throws Exception {
        long[] generations = {first.generation, second.generation};
        var saved = new SavedState[1];
        var next = handOver((board, state) -> {
            saved[0] = state;
            if (stateFirst) {
                restore(board, state);
            }
            connect(board);
            if (!stateFirst) {
                restore(board, state);
            }
        });
        assertThat(host.calls).as("nothing is asked of the host").isEmpty();
        assertThat(new long[] {first.generation, second.generation}).isEqualTo(generations);
        assertThat(next.smmu.save()).isEqualTo(saved[0]);
        next.translating(0x108, CONTEXTS + 0x1000);
        produce(next, 0x108_0000_0003L, 1);
        assertThat(host.calls).containsExactly("alloc nested", "attach a nested", "free nested");
        next.disconnect(0x108);
        next.disconnect(0x110);
        assertThat(host.objects()).isEmpty();
        assertThat(next.leases.names()).isEmpty();
    }

    private static void produce(TestBoard board, long low, long high) {
        long entry = board.read(TestBoard.CMDQ_PROD, 4);
        board.memory.put(TestBoard.COMMANDS + 16 * entry, low);
        board.memory.put(TestBoard.COMMANDS + 16 * entry + 8, high);
        board.write(TestBoard.CMDQ_PROD, 4, entry + 1);
    }

    /** The board tells of its devices when the successor serves, which is after it runs. */
    @Test
    void adoptsDevicesThatItIsToldOfWhenItRuns() throws Exception {
        long[] generations = {first.generation, second.generation};
        var next = handOver(HandOverTest::restore);
        connect(next);
        assertThat(host.calls).isEmpty();
        assertThat(new long[] {first.generation, second.generation}).isEqualTo(generations);
        next.disconnect(0x108);
        next.disconnect(0x110);
        assertThat(host.objects()).isEmpty();
        assertThat(next.leases.names()).isEmpty();
        assertThat(next.connect(0x108, first)).isEmpty();
        assertThat(first.attachment()).as("a device that comes anew").isEqualTo("nested");
    }

    /** A command that waited in the queue changes a stream that is connected only later. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void commandsThatWaitedAreNotLost(boolean connectFirst) throws Exception {
        old.ste(0x108, 0b1001);
        successorFinding(0x108_0000_0003L, 1, connectFirst);
        assertThat(first.attachment()).isEqualTo("bypass");
        assertThat(host.objects()).doesNotContain("nested");
    }

    /** CMD_CFGI_CD, CMD_CFGI_CD_ALL, and CMD_CFGI_STE with the STE that is in place, which drops the CDs too. */
    @ParameterizedTest(name = "{0} {1}, connected first: {2}")
    @CsvSource({
        "0x10800000005, 1, true, 10800000005 1",
        "0x10800000005, 1, false, 10800000005 1",
        "0x10800000006, 0, false, 10800000006 0",
        "0x10800000003, 1, true, 10800000006 0",
        "0x10800000003, 1, false, 10800000006 0"
    })
    void changesOfContextsThatWaitedReachTheHost(String low, long high, boolean connectFirst, String dropped)
            throws Exception {
        host.invalidated.clear();
        successorFinding(Long.decode(low), high, connectFirst);
        assertThat(first.attachment()).isEqualTo("nested");
        assertThat(host.invalidated).containsExactly(dropped);
        assertThat(host.objects()).filteredOn("nested"::equals).hasSize(1);
    }

    private void successorFinding(long low, long high, boolean connectFirst) throws Exception {
        old.smmu.quiesce();
        SavedState state = old.smmu.save();
        var fields = new HashMap<>(state.fields());
        var registers = new HashMap<Object, Object>((Map<?, ?>) fields.get("registers"));
        long entry = ((Number) registers.get("CMDQ_PROD")).longValue();
        old.memory.put(TestBoard.COMMANDS + 16 * entry, low);
        old.memory.put(TestBoard.COMMANDS + 16 * entry + 8, high);
        registers.put("CMDQ_PROD", entry + 1);
        fields.put("registers", registers);
        var next = old.successor(Map.of());
        next.smmu.restore(new SavedState(state.type(), state.version(), fields));
        if (connectFirst) {
            connect(next);
        }
        next.smmu.resume();
        if (!connectFirst) {
            connect(next);
        }
    }

    @Test
    void losesNoEvent() throws Exception {
        var next = handOver((board, state) -> {
            host.events.report(new Vevent.Event(5, new long[] {0x108_0000_0010L, 0, 0, 0}));
            restore(board, state);
            connect(board);
        });
        host.events.report(new Vevent.Event(6, new long[] {0x108_0000_0010L, 0, 0, 0}));
        assertThat(next.read(TestBoard.EVENTQ_PROD, 4)).isEqualTo(3);
        assertThat(next.shown("host events", "losses")).isEqualTo("0");
        host.events.report(new Vevent.Event(9, new long[] {0x108_0000_0010L, 0, 0, 0}));
        assertThat(next.shown("host events", "lost")).as("numbers go on").isEqualTo("2");
    }

    @Test
    void aSuccessorThatFailsLeavesEverythingToTheOldOne() throws Exception {
        var next = old.successor(Map.of("ril", "off"));
        connect(next);
        old.smmu.quiesce();
        SavedState state = old.smmu.save();
        assertThatThrownBy(() -> next.smmu.restore(state)).isInstanceOf(RestoreException.class);
        next.smmu.unrealize();
        old.smmu.resume();
        assertThat(host.calls).isEmpty();
        host.events.report(new Vevent.Event(5, new long[] {0x108_0000_0010L, 0, 0, 0}));
        assertThat(old.read(TestBoard.EVENTQ_PROD, 4)).isEqualTo(2);
        old.ste(0x108, 0b1001);
        old.configure(0x108);
        assertThat(first.attachment()).isEqualTo("bypass");
    }

    @Test
    void aStreamThatTheStateDoesNotDescribeIsAttachedAnew() throws Exception {
        handOver((board, state) -> {
            var fields = new HashMap<>(state.fields());
            fields.put("streams", List.of());
            connect(board);
            restore(board, new SavedState(state.type(), state.version(), fields));
        });
        assertThat(first.attachment()).isEqualTo("nested");
        assertThat(second.attachment()).isEqualTo("bypass");
        assertThat(host.calls).contains("attach a nested", "attach b bypass");
    }

    /** Its function was unplugged while no model was there. */
    @Test
    void lettingGoOfADeviceThatNobodyDescribedLeavesNothing() throws Exception {
        old.smmu.quiesce();
        old.smmu.unrealize();
        var next = old.successor(Map.of());
        connect(next);
        next.disconnect(0x108);
        next.disconnect(0x110);
        assertThat(first.attachment()).isEqualTo("stage2");
        assertThat(host.objects()).isEmpty();
        assertThat(next.leases.names()).isEmpty();
    }

    /** The two changed places while no model was there, and the guest has given each StreamID other tables. */
    @Test
    void aStreamThatHasAnotherStreamIdByNowNeverGoesByTheOneThatItHad() throws Exception {
        old.translating(0x110, CONTEXTS + 0x1000);
        old.configure(0x110);
        var next = handOver(HandOverTest::restore);
        next.translating(0x108, CONTEXTS + 0x2000);
        next.translating(0x110, CONTEXTS + 0x3000);
        first.detach();
        second.detach();
        host.calls.clear();
        next.disconnect(0x108);
        next.disconnect(0x110);
        assertThat(host.objects()).as("nothing is left under the names of before").isEmpty();
        assertThat(next.connect(0x110, first)).isEmpty();
        assertThat(next.connect(0x108, second)).isEmpty();
        assertThat(host.calls).filteredOn(call -> call.startsWith("attach"))
                .containsExactly("attach a nested", "attach b nested");
        assertThat(first.attached.ste0).isEqualTo(CONTEXTS + 0x3000 | 0b1011);
        assertThat(second.attached.ste0).isEqualTo(CONTEXTS + 0x2000 | 0b1011);
    }

    /** One of them is where it was. */
    @Test
    void whatIsLeftOfAStreamThatHasAnotherStreamIdByNowGoesAlone() throws Exception {
        var next = handOver(HandOverTest::restore);
        first.detach();
        next.disconnect(0x108);
        assertThat(host.objects()).containsExactly("abort", "bypass", "events", "viommu");
        assertThat(next.connect(0x110, second)).isEmpty();
        assertThat(second.attachment()).isEqualTo("bypass");
        next.disconnect(0x110);
        assertThat(host.objects()).isEmpty();
        assertThat(next.leases.names()).isEmpty();
    }

    @Test
    void withoutLeasesEverythingIsMadeAnew() throws Exception {
        var other = new FakeHost();
        SavedState state = old.smmu.save();
        var loaded = new TestBoard(other, old.memory, new TestBoard.TestLeases(), TestBoard.vm("kvm", true), Map.of());
        var one = other.device("a");
        loaded.smmu.restore(state);
        assertThat(loaded.connect(0x108, one)).isEmpty();
        assertThat(one.attachment()).isEqualTo("nested");
        var two = other.device("b");
        assertThat(loaded.connect(0x110, two)).isEmpty();
        assertThat(two.attachment()).isEqualTo("bypass");
        loaded.smmu.resume();
        assertThat(other.events.isListenedTo()).isTrue();
    }

    @Test
    void aDeviceWhoseModelIsReplacedKeepsItsAttachment() {
        long generation = first.generation;
        assertThat(old.connect(0x108, first)).isEmpty();
        assertThat(first.generation).isEqualTo(generation);
        assertThat(host.calls).isEmpty();
    }

    @Test
    void takesOverFromAnEmulatedOneThatShowsTheSame() throws Exception {
        SavedState state = old.smmu.save();
        var emulated = new SavedState("arm-smmuv3", 1, Map.of("registers", state.fields().get("registers")));
        var fresh = new TestBoard(new FakeHost(), old.memory, new TestBoard.TestLeases(), TestBoard.vm("kvm", true),
                Map.of());
        fresh.smmu.restore(emulated);
        var device = fresh.host.device("a");
        assertThat(fresh.connect(0x108, device)).isEmpty();
        assertThat(device.attachment()).isEqualTo("nested");
        assertThat(fresh.connect(0x118, fresh.host.device("b")).isEmpty()).isTrue();
    }

    @Test
    void mayBeLeftForAnEmulatedOneOnlyWhileNoStreamTranslates() {
        assertThat(old.smmu.refuseToLeave(Map.of("accel", false)).orElseThrow())
                .startsWith("the host translates for assigned devices of StreamID 0x108, and no software walk can "
                        + "shadow-map a physical device");
        assertThat(old.smmu.refuseToLeave(Map.of("accel", true, "ril", "auto"))).isEmpty();
        old.ste(0x108, 1);
        old.configure(0x108);
        assertThat(old.smmu.refuseToLeave(Map.of("accel", false))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"no map", "42"})
    void refusesStreamsThatAreNone(String what) throws Exception {
        var fields = new HashMap<>(old.smmu.save().fields());
        fields.put("streams", List.of(what));
        var next = old.successor(Map.of());
        assertThatThrownBy(() -> next.smmu.restore(new SavedState("arm-smmuv3", 1, fields)))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("saved stream " + what);
        assertThatThrownBy(() -> next.smmu.restore(new SavedState("edu", 1, Map.of())))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("state is of a edu");
    }
}
