package dev.backplane.gicv3.gic;

import static dev.backplane.irq.CpuInterface.SPURIOUS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RestoreException;
import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.inspect.InspectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LPIs (IHI 0069, chapter 5). */
class LpiTest {
    private final Machine machine = new Machine("num-cpu", 2L).awake();

    @Test
    void anLpiIsSignalledWithItsConfiguredPriorityAndIsNeverActive() {
        machine.configureLpi(8200, 0x81);
        machine.configureLpi(8201, 0x41);
        machine.enableLpis(0);
        assertThat(machine.gic.setPending(machine.context, 0, 8200)).isTrue();
        assertThat(machine.gic.setPending(machine.context, 0, 8201)).isTrue();
        assertThat(machine.ack(0, 1)).isEqualTo(8201);
        assertThat(machine.ack(0, 1)).as("priority 0x80 does not preempt 0x40").isEqualTo(SPURIOUS);
        machine.gic.setPending(machine.context, 0, 8201);
        machine.eoi(0, 1, 8201);
        assertThat(machine.ack(0, 1)).isEqualTo(8201);
        machine.eoi(0, 1, 8201);
        assertThat(machine.ack(0, 1)).isEqualTo(8200);
        machine.eoi(0, 1, 8200);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
    }

    @Test
    void aDisabledLpiStaysPending() {
        machine.configureLpi(8200, 0x80);
        machine.enableLpis(0);
        machine.gic.setPending(machine.context, 0, 8200);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
        machine.configureLpi(8200, 0x81);
        assertThat(machine.ack(0, 1)).as("cached").isEqualTo(SPURIOUS);
        assertThat(machine.gic.interrupt(0, 8200).child("configuration"))
                .isEqualTo(InspectNode.hex("configuration", Machine.CONFIGURATIONS + 8)
                        .withNote("byte in memory, cached"));
        machine.gicr(0, 0xA0, 8, 8200);
        assertThat(machine.ack(0, 1)).as("after GICR_INVLPIR").isEqualTo(8200);
    }

    @Test
    void invallrDropsAllCachedConfigurations() {
        machine.enableLpis(0);
        machine.gic.setPending(machine.context, 0, 8200);
        machine.gic.setPending(machine.context, 0, 9000);
        assertThat(machine.highest(0, 1)).isEqualTo(SPURIOUS);
        machine.configureLpi(9000, 1);
        machine.gicr(0, 0xB0, 8, 0);
        assertThat(machine.highest(0, 1)).isEqualTo(9000);
        assertThat(machine.gicr(0, 0xC0, 4)).as("GICR_SYNCR").isZero();
    }

    @Test
    void thePendingTableIsReadAtEnableAndWrittenAtDisable() {
        machine.ram.word(Machine.PENDING, -1L);
        machine.ram.word(Machine.PENDING + 8192 / 8, 1L << 8);
        machine.enableLpis(0);
        assertThat(machine.gic.pending()).extracting(pending -> pending.intid()).containsExactly(8200);
        machine.gic.setPending(machine.context, 0, 0xFFFF);
        machine.gic.clearPending(machine.context, 0, 8200);
        machine.gicr(0, 0, 4, 0);
        assertThat(machine.gic.pending()).isEmpty();
        assertThat(machine.ram.word(Machine.PENDING + 8192 / 8)).isZero();
        assertThat(machine.ram.word(Machine.PENDING + 8184)).isEqualTo(1L << 63);
        assertThat(machine.ram.word(Machine.PENDING)).as("the first KiB is not of LPIs").isEqualTo(-1L);
        machine.gicr(0, 0, 4, 1);
        assertThat(machine.gic.pending()).extracting(pending -> pending.intid()).containsExactly(0xFFFF);
    }

    @Test
    void withPtzThePendingTableIsTakenAsZero() {
        machine.ram.word(Machine.PENDING + 8192 / 8, -1L);
        machine.gicr(0, 0x70, 8, Machine.CONFIGURATIONS | 15);
        machine.gicr(0, 0x78, 8, 1L << 62 | Machine.PENDING);
        machine.gicr(0, 0, 4, 1);
        assertThat(machine.gic.pending()).isEmpty();
        assertThat(machine.gicr(0, 0x78, 8)).as("PTZ reads as zero").isEqualTo(Machine.PENDING);
    }

    @Test
    void tablesStayWhereTheyAreWhileEnabled() {
        machine.enableLpis(0);
        machine.gicr(0, 0x70, 8, 0);
        machine.gicr(0, 0x78, 8, 0);
        assertThat(machine.gicr(0, 0x70, 8)).isEqualTo(Machine.CONFIGURATIONS | 15);
        assertThat(machine.gicr(0, 0x78, 8)).isEqualTo(Machine.PENDING);
        assertThat(machine.board.messages()).hasSize(2);
    }

    @ParameterizedTest
    @CsvSource({"15, 65535, true", "31, 65535, true", "14, 32767, true", "14, 32768, false", "13, 16383, true",
        "12, 8192, false", "0, 8192, false"})
    void idBitsLimitTheIntids(int idBits, int intid, boolean taken) {
        machine.gicr(0, 0x70, 8, Machine.CONFIGURATIONS | idBits);
        machine.gicr(0, 0x78, 8, Machine.PENDING);
        machine.gicr(0, 0, 4, 1);
        assertThat(machine.gic.setPending(machine.context, 0, intid)).isEqualTo(taken);
        assertThat(machine.gic.clearPending(machine.context, 0, intid)).isEqualTo(taken);
    }

    @Test
    void whatDoesNotFitIsDropped() {
        assertThat(machine.gic.setPending(machine.context, 0, 8192)).as("not enabled").isFalse();
        machine.enableLpis(0);
        assertThat(machine.gic.setPending(machine.context, 0, 8191)).isFalse();
        assertThat(machine.gic.setPending(machine.context, 0, 65536)).isFalse();
        assertThat(machine.gic.setPending(machine.context, 0, -1)).isFalse();
        assertThat(machine.gic.setPending(machine.context, 2, 8192)).isFalse();
        assertThat(machine.gic.setPending(machine.context, -1, 8192)).isFalse();
        machine.gic.invalidate(machine.context, 7, 8192);
        machine.gic.invalidateAll(machine.context, -1);
        machine.gic.invalidate(machine.context, 0, Integer.MIN_VALUE);
        machine.gicr(0, 0xA0, 8, -1L);
        assertThat(machine.gic.pending()).isEmpty();
    }

    @Test
    void pendingStateMovesOnlyWhereItIsTaken() {
        machine.enableLpis(0);
        machine.gic.setPending(machine.context, 0, 8192);
        machine.gic.movePending(machine.context, 0, 1, 8192);
        machine.gic.moveAllPending(machine.context, 0, 1);
        assertThat(machine.gic.pending()).extracting(pending -> pending.processor()).containsExactly(0);
        machine.enableLpis(1);
        machine.gic.movePending(machine.context, 0, 1, 8192);
        assertThat(machine.gic.pending()).extracting(pending -> pending.processor()).containsExactly(1);
    }

    @Test
    void tablesOutsideMemoryDisableLpisButBreakNothing() {
        machine.gicr(0, 0x70, 8, FakeBoard.RAM_END | 15);
        machine.gicr(0, 0x78, 8, FakeBoard.RAM_END);
        machine.gicr(0, 0, 4, 1);
        machine.gic.setPending(machine.context, 0, 8192);
        assertThat(machine.highest(0, 1)).isEqualTo(SPURIOUS);
        assertThat(machine.gic.pending()).hasSize(1);
        machine.gicr(0, 0, 4, 0);
        assertThat(machine.board.messages()).hasSize(2).allMatch(message -> message.contains("GICR_PENDBASER"));
    }

    @Test
    void aSuccessorGoesOnWithEverything() throws RestoreException {
        machine.spi(40, 1, 0x80, true, 1);
        machine.spi(41, 0, 0xA0, false, 0);
        machine.input(40, true);
        machine.input(41, true);
        machine.configureLpi(8200, 0x41);
        machine.enableLpis(1);
        machine.gic.setPending(machine.context, 1, 8200);
        machine.gicr(0, 0x10100, 4, 0xFFFF);
        machine.gic.sendSgi(machine.context, 1, new long[] {1}, 0, 4);
        assertThat(machine.ack(0, 0)).isEqualTo(4);
        assertThat(machine.ack(1, 1)).isEqualTo(8200);
        machine.gic.setPending(machine.context, 1, 8201);
        var state = machine.gic.save();
        String before = machine.gic.inspect().toString() + machine.gic.pending();

        machine.gic = machine.create("num-cpu", 2L);
        machine.gic.restore(state);

        assertThat(machine.gic.inspect().toString() + machine.gic.pending()).isEqualTo(before);
        machine.eoi(1, 1, 8200);
        assertThat(machine.ack(1, 1)).isEqualTo(40);
        machine.eoi(0, 0, 4);
        assertThat(machine.ack(0, 0)).isEqualTo(41);
        machine.input(41, false);
        assertThat(machine.isPending(41)).isFalse();
    }

    @Test
    void aStateOfAnotherShapeIsRefused() {
        var state = machine.gic.save();
        assertThatThrownBy(() -> machine.create("num-cpu", 3L).restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("num-cpu");
        assertThatThrownBy(
                        () -> machine.create("num-cpu", 2L, "num-irq", 320L).restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("num-irq");
    }
}
