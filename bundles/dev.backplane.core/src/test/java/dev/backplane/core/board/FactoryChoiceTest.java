package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.Slot;
import dev.backplane.core.slot.FactoryCondition;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FactoryChoiceTest {
    private final Bench bench = new Bench();
    private final FakeDevice.Factory usual = bench.factory("plain");
    private final FakeDevice.Factory special = bench.factory("plain");
    private Board board;

    @BeforeEach
    void conditions() {
        usual.when = FactoryCondition.of("(!(accel=on))");
        special.when = FactoryCondition.of("(accel=on)");
        board = bench.completeBoard();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private static DeviceRequest request(String id, Map<String, String> properties) {
        return new DeviceRequest("plain", id, "", "", properties);
    }

    @Test
    void eachSlotIsFilledByTheFactoryThatIsThereForIt() throws Exception {
        bench.offer(usual, 100, 1);
        bench.offer(special, 0, 2);
        Slot one = board.plug(request("one", Map.of()));
        Slot two = board.plug(request("two", Map.of("accel", "yes")));
        assertThat(one.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[1]"));
        assertThat(two.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[2]"));
        assertThat(two.properties()).doesNotContainKey("accel");
    }

    @Test
    void aSlotThatNobodyIsThereForSaysWhatItAsksFor() {
        bench.offer(usual, 100, 1);
        assertThatThrownBy(() -> board.plug(request("two", Map.of("accel", "on"))))
                .hasMessageContaining("no bundle provides device type plain with accel=on");
        assertThat(board.slot("two")).isEmpty();
    }

    @Test
    void aSlotIsNotTakenByABetterFactoryOfTheOtherKind() throws Exception {
        bench.offer(usual, 0, 1);
        Slot one = board.plug(request("one", Map.of()));
        bench.offer(special, 100, 2);
        bench.settled(board);
        assertThat(one.handOvers()).isZero();
    }
}
