package com.example.copyengine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CopyEngineTest {
    private static final int COPY = 1;
    private static final int FILL = 2;
    private static final int CRC = 3;
    private static final int LENGTH = 10_001;

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 4095, 4096, 4097, LENGTH})
    void copiesAnyLength(int length) {
        Driver driver = Driver.started();
        int index = driver.post(COPY, true, length, Driver.SOURCE, Driver.TARGET);
        driver.ring();
        assertThat(driver.bytes(Driver.TARGET, length)).isEqualTo(driver.bytes(Driver.SOURCE, length));
        assertThat(driver.bytes(Driver.TARGET + length, 8)).containsOnly(0);
        assertThat(driver.result(index)).isEqualTo(1);
        assertThat(driver.read(0x14)).as("HEAD").isEqualTo(1);
        assertThat(driver.read(0x20)).as("COMPLETED").isEqualTo(1);
        assertThat(driver.read(0x28)).as("BYTES").isEqualTo(length);
        assertThat(driver.board.messages).containsExactly(Driver.QUEUE);
    }

    @Test
    void fillsWithAPattern() {
        Driver driver = Driver.started();
        driver.post(FILL, false, 4100, 0x0807_0605_0403_0201L, Driver.TARGET);
        driver.ring();
        assertThat(driver.bytes(Driver.TARGET, 12)).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4);
        assertThat(driver.bytes(Driver.TARGET + 4096, 8)).containsExactly(1, 2, 3, 4, 0, 0, 0, 0);
        assertThat(driver.board.messages).isEmpty();
    }

    @Test
    void computesTheChecksumThatTheJdkComputes() {
        Driver driver = Driver.started();
        int index = driver.post(CRC, false, LENGTH, Driver.SOURCE, 0);
        driver.ring();
        assertThat(driver.result(index)).isEqualTo(1 | crc(driver) << 32);
    }

    private static long crc(Driver driver) {
        var expected = new CRC32C();
        expected.update(driver.bytes(Driver.SOURCE, LENGTH));
        return expected.getValue();
    }

    @ParameterizedTest
    @CsvSource({"1, 0x1000, 2", "2, 0x0, 2", "200, 0x40010000, 3"})
    void aBadDescriptorEndsAloneAndSaysHow(int opcode, String source, int outcome) {
        Driver driver = Driver.started();
        int bad = driver.post(opcode, false, 64, Long.decode(source), 0);
        int good = driver.post(COPY, false, 64, Driver.SOURCE, Driver.TARGET);
        driver.ring();
        assertThat(driver.result(bad)).isEqualTo(outcome);
        assertThat(driver.result(good)).isEqualTo(1);
    }

    @Test
    void aRingThatCannotBeReadStopsTheQueueWithAnInterrupt() {
        Driver driver = Driver.started();
        driver.write(0xC, 0);
        driver.write(0x0, 0x1000);
        driver.write(0xC, 1);
        driver.write(0x10, 1);
        assertThat(driver.read(0x18)).as("STATUS").isEqualTo(1);
        assertThat(driver.read(0xC)).as("CONTROL").isZero();
        assertThat(driver.board.messages).containsExactly(Driver.QUEUE);
        driver.write(0x18, 1);
        assertThat(driver.read(0x18)).as("STATUS after it was cleared").isZero();
    }

    @Test
    void manyDescriptorsGoAroundTheRing() {
        Driver driver = Driver.started();
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 15; i++) {
                driver.post(COPY, true, 4096 * 3, Driver.SOURCE, Driver.TARGET);
            }
            driver.ring();
            for (int turn = 0; turn < 10; turn++) {
                driver.board.expireTimers();
            }
        }
        assertThat(driver.read(0x20)).isEqualTo(150);
        assertThat(driver.board.messages).hasSize(150);
    }

    @Test
    void whatWasHeldGoesOnWhenItIsReleased() {
        for (int hold = 0; hold < 8; hold++) {
            Driver driver = Driver.started();
            int index = driver.post(COPY, true, 8192, Driver.SOURCE, Driver.TARGET);
            driver.board.holdAfter(hold);
            driver.ring();
            if (driver.board.held() != null) {
                driver.board.held().release();
            }
            assertFinished(driver, index, "transaction %d held".formatted(hold));
        }
    }

    /** A copy of two chunks is a fetch, two reads, two writes, the result and the message: each may be the one. */
    @Test
    void aSuccessorFinishesWhatWasHeldAtAnyPoint() throws RestoreException {
        for (int hold = 0; hold < 8; hold++) {
            Driver driver = Driver.started();
            int index = driver.post(COPY, true, 8192, Driver.SOURCE, Driver.TARGET);
            driver.board.holdAfter(hold);
            driver.ring();
            Driver next = driver.handedOver();
            if (driver.board.held() != null) {
                assertThat(driver.board.held().isCancelled()).isTrue();
            }
            assertFinished(next, index, "transaction %d held at the hand-over".formatted(hold));
        }
    }

    private static void assertFinished(Driver driver, int index, String what) {
        assertThat(driver.result(index)).as(what).isEqualTo(1);
        assertThat(driver.bytes(Driver.TARGET, 8192)).as(what).isEqualTo(driver.bytes(Driver.SOURCE, 8192));
        assertThat(driver.board.messages).as(what).containsExactly(Driver.QUEUE);
        assertThat(driver.read(0x28)).as(what).isEqualTo(8192);
    }

    @Test
    void aChecksumGoesOnHalfWayInASuccessor() throws RestoreException {
        Driver driver = Driver.started();
        int index = driver.post(CRC, false, LENGTH, Driver.SOURCE, 0);
        driver.board.holdAfter(2);
        driver.ring();
        Driver next = driver.handedOver();
        assertThat(next.result(index)).isEqualTo(1 | crc(next) << 32);
    }

    @Test
    void readsTheStateOfRelease10() throws RestoreException {
        Driver driver = Driver.started();
        int index = driver.post(CRC, false, LENGTH, Driver.SOURCE, 0);
        driver.board.holdAfter(2);
        driver.ring();
        driver.device.quiesce();
        Driver next = driver.restored(asRelease10(driver.device.save()));
        assertThat(next.result(index)).isEqualTo(1 | crc(next) << 32);
        assertThat(next.read(0x20)).as("COMPLETED").isEqualTo(1);
    }

    /** The state as release 1.0 saved it: chunks in place of bytes, no register that counts bytes. */
    @SuppressWarnings("unchecked")
    private static SavedState asRelease10(SavedState state) throws RestoreException {
        Map<String, Object> registers = new LinkedHashMap<>(state.get("registers", Map.class));
        registers.keySet().removeIf(name -> name.endsWith("_BYTES"));
        List<Object> queues = new ArrayList<>();
        for (Object queue : state.get("queues", List.class)) {
            Map<String, Object> fields = new LinkedHashMap<>((Map<String, Object>) queue);
            fields.put("chunk", (Long) fields.remove("offset") / 4096);
            queues.add(fields);
        }
        return new SavedState(state.type(), 1, Map.of("registers", registers, "queues", queues));
    }

    @Test
    void refusesANewerStateAndOneOfAnotherDevice() {
        Driver driver = Driver.started();
        Map<String, Object> fields = driver.device.save().fields();
        assertThatThrownBy(() -> driver.device.restore(new SavedState("copy-engine", 3, fields)))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("layout version 3");
        assertThatThrownBy(() -> driver.device.restore(new SavedState("edu", 1, fields)))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("edu");
    }

    @Test
    void guestMistakesAreToldAndChangeNothing() {
        Driver driver = Driver.started();
        driver.write(0x8, 9);
        assertThat(driver.read(0x8)).isEqualTo(Driver.LOG2_ENTRIES);
        driver.write(0x3C, 1);
        assertThat(driver.board.complaints).hasSize(2);
    }
}
