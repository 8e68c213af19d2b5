package dev.backplane.gicv3.gic;

import static dev.backplane.irq.CpuInterface.SPURIOUS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signalling, acknowledging and ending interrupts (IHI 0069, chapter 4). */
class CpuInterfaceTest {
    private final Machine machine = new Machine("num-cpu", 20L).awake();

    @Test
    void anEdgeIsPendingOnceAndActiveAfterAcknowledge() {
        machine.spi(74, 1, 0x80, true, 0);
        machine.input(74, true);
        machine.input(74, false);
        assertThat(machine.highest(0, 1)).isEqualTo(74);
        assertThat(machine.ack(0, 1)).isEqualTo(74);
        assertThat(machine.isPending(74)).isFalse();
        assertThat(machine.isActive(74)).isTrue();
        machine.eoi(0, 1, 74);
        assertThat(machine.isActive(74)).isFalse();
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
    }

    @Test
    void anEdgeWhileActiveIsSignalledAfterwards() {
        machine.spi(74, 1, 0x80, true, 0);
        machine.input(74, true);
        machine.ack(0, 1);
        machine.input(74, false);
        machine.input(74, true);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
        machine.eoi(0, 1, 74);
        assertThat(machine.ack(0, 1)).isEqualTo(74);
    }

    @Test
    void theEndOfASharedInterruptIsToldWhenItIsDeactivated() {
        List<Integer> ended = new ArrayList<>();
        machine.gic.onEnded(ended::add);
        machine.spi(35, 1, 0x80, false, 0);
        machine.input(35, true);
        machine.ack(0, 1);
        assertThat(ended).isEmpty();
        machine.eoi(0, 1, 35);
        assertThat(ended).containsExactly(35);
        machine.gic.setEoiMode(machine.context, 0, true);
        machine.ack(0, 1);
        machine.eoi(0, 1, 35);
        assertThat(ended).as("dropped, not deactivated").containsExactly(35);
        machine.gic.deactivate(machine.context, 0, 35);
        machine.gic.deactivate(machine.context, 0, 27);
        assertThat(ended).as("private ones are nobody's").containsExactly(35, 35);
    }

    @Test
    void aLevelStaysPendingWhileItsInputIsAsserted() {
        machine.spi(35, 1, 0x80, false, 0);
        machine.input(35, true);
        assertThat(machine.ack(0, 1)).isEqualTo(35);
        assertThat(machine.isPending(35)).as("active and pending").isTrue();
        machine.eoi(0, 1, 35);
        assertThat(machine.ack(0, 1)).isEqualTo(35);
        machine.input(35, false);
        machine.eoi(0, 1, 35);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
    }

    @Test
    void softwareCannotClearThePendingStateOfAnAssertedLevel() {
        machine.spi(35, 1, 0x80, false, 0);
        machine.input(35, true);
        machine.gicd(0x284, 1L << 3);
        assertThat(machine.isPending(35)).isTrue();
        machine.gicd(0x204, 1L << 3);
        machine.input(35, false);
        assertThat(machine.isPending(35)).as("set by GICD_ISPENDR").isTrue();
        machine.gicd(0x284, 1L << 3);
        assertThat(machine.isPending(35)).isFalse();
    }

    @Test
    void aMessageDrivesAnEdgeOrALevel() {
        machine.spi(50, 1, 0x80, true, 0);
        machine.spi(51, 1, 0x80, false, 0);
        machine.gicd(0x40, 50);
        machine.gicd(0x40, 2, 51);
        assertThat(machine.ack(0, 1)).isEqualTo(50);
        machine.eoi(0, 1, 50);
        assertThat(machine.ack(0, 1)).isEqualTo(51);
        machine.eoi(0, 1, 51);
        assertThat(machine.ack(0, 1)).as("level until GICD_CLRSPI_NSR").isEqualTo(51);
        machine.gicd(0x48, 51);
        machine.eoi(0, 1, 51);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
        machine.gicd(0x40, 50);
        machine.gicd(0x48, 50);
        assertThat(machine.isPending(50)).isFalse();
        machine.gicd(0x40, 31);
        machine.gicd(0x40, 1019);
        assertThat(machine.board.messages()).hasSize(2);
    }

    @Test
    void theMoreUrgentInterruptComesFirstAndPreempts() {
        machine.spi(40, 1, 0xA0, true, 0);
        machine.spi(41, 1, 0x40, true, 0);
        machine.spi(42, 1, 0x40, true, 0);
        machine.input(40, true);
        assertThat(machine.ack(0, 1)).isEqualTo(40);
        machine.input(42, true);
        machine.input(41, true);
        assertThat(machine.ack(0, 1)).isEqualTo(41);
        assertThat(machine.ack(0, 1)).as("equal priority does not preempt").isEqualTo(SPURIOUS);
        machine.eoi(0, 1, 41);
        assertThat(machine.ack(0, 1)).isEqualTo(42);
        machine.eoi(0, 1, 42);
        machine.eoi(0, 1, 40);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
    }

    @ParameterizedTest
    @CsvSource({"0x80, 0x80, false", "0x80, 0x88, true", "0x80, 0x87, false", "0x00, 0x00, false", "0x00, 0x08, true"})
    void onlyWhatIsMoreUrgentThanTheMaskIsSignalled(String priority, String mask, boolean signalled) {
        machine.spi(40, 1, Integer.decode(priority), true, 0);
        machine.input(40, true);
        machine.gic.setPriorityMask(machine.context, 0, Integer.decode(mask));
        assertThat(machine.highest(0, 1)).isEqualTo(signalled ? 40 : SPURIOUS);
    }

    @Test
    void eachGroupIsAcknowledgedForItselfAndTheMoreUrgentOneHidesTheOther() {
        machine.spi(40, 0, 0x40, true, 0);
        machine.spi(41, 1, 0x80, true, 0);
        machine.input(40, true);
        machine.input(41, true);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
        assertThat(machine.ack(0, 0)).isEqualTo(40);
        assertThat(machine.ack(0, 1)).isEqualTo(SPURIOUS);
        machine.eoi(0, 1, 40);
        assertThat(machine.isActive(40)).as("ended in the wrong group").isTrue();
        machine.eoi(0, 0, 40);
        assertThat(machine.ack(0, 1)).isEqualTo(41);
    }

    @Test
    void disablingAGroupAnywhereHidesIt() {
        machine.spi(40, 1, 0x80, true, 0);
        machine.input(40, true);
        machine.gic.setGroupEnable(machine.context, 0, 1, false);
        assertThat(machine.highest(0, 1)).isEqualTo(SPURIOUS);
        machine.gic.setGroupEnable(machine.context, 0, 1, true);
        machine.gicd(0, 1);
        assertThat(machine.highest(0, 1)).isEqualTo(SPURIOUS);
        machine.gicd(0, 2);
        assertThat(machine.highest(0, 1)).isEqualTo(40);
        machine.gicr(0, 0x14, 4, 2);
        assertThat(machine.highest(0, 1)).as("asleep").isEqualTo(SPURIOUS);
    }

    @Test
    void withEoiModeDeactivationIsApart() {
        machine.spi(40, 1, 0x80, true, 0);
        machine.spi(41, 1, 0x80, true, 0);
        assertThat(machine.gic.setEoiMode(machine.context, 0, true)).isTrue();
        machine.input(40, true);
        machine.input(41, true);
        assertThat(machine.ack(0, 1)).isEqualTo(40);
        machine.eoi(0, 1, 40);
        assertThat(machine.isActive(40)).isTrue();
        assertThat(machine.ack(0, 1)).isEqualTo(41);
        machine.gic.deactivate(machine.context, 0, 40);
        assertThat(machine.isActive(40)).isFalse();
    }

    @Test
    void anSpiGoesToTheProcessorThatItsAffinityNames() {
        machine.spi(40, 1, 0x80, true, 17);
        machine.input(40, true);
        assertThat(machine.highest(0, 1)).isEqualTo(SPURIOUS);
        assertThat(machine.highest(17, 1)).isEqualTo(40);
        machine.gicd(0x6000 + 8 * 40, 8, 0x1_0000_0000L);
        for (int processor = 0; processor < 20; processor++) {
            assertThat(machine.highest(processor, 1)).as("Aff3 is 1").isEqualTo(SPURIOUS);
        }
    }

    @Test
    void aOneOfNInterruptGoesToOneParticipatingProcessor() {
        machine.spi(40, 1, 0x80, true, 0);
        machine.gicd(0x6000 + 8 * 40, 8, 1L << 31);
        machine.input(40, true);
        machine.gicr(0, 0, 4, 1 << 25);
        machine.gicr(1, 0x14, 4, 2);
        assertThat(machine.highest(0, 1)).as("GICR_CTLR.DPG1NS").isEqualTo(SPURIOUS);
        assertThat(machine.highest(1, 1)).as("asleep").isEqualTo(SPURIOUS);
        assertThat(machine.ack(3, 1)).isEqualTo(40);
        assertThat(machine.ack(4, 1)).isEqualTo(SPURIOUS);
        machine.eoi(3, 1, 40);
        assertThat(machine.isActive(40)).isFalse();
    }

    @Test
    void anSgiReachesItsTargetsInTheirGroup() {
        for (int processor : new int[] {1, 17, 18}) {
            machine.gicr(processor, 0x10100, 4, 0x8);
            machine.gicr(processor, 0x10080, 4, processor == 18 ? 0 : 0x8);
        }
        machine.gic.sendSgi(machine.context, 0, new long[] {1L << 1 | 1L << 17 | 1L << 18}, 1, 3);
        assertThat(machine.ack(1, 1)).isEqualTo(3);
        assertThat(machine.ack(17, 1)).isEqualTo(3);
        assertThat(machine.ack(18, 0)).as("group 0 there").isEqualTo(SPURIOUS);
        machine.eoi(1, 1, 3);
        assertThat(machine.ack(1, 1)).isEqualTo(SPURIOUS);
    }

    @Test
    void aPpiIsPrivate() {
        machine.gicr(2, 0x10100, 4, 1 << 27);
        machine.gicr(2, 0x10200, 4, 1 << 27);
        assertThat(machine.ack(2, 0)).isEqualTo(27);
        assertThat(machine.ack(1, 0)).isEqualTo(SPURIOUS);
        assertThat(machine.gic.interrupt(2, 27).child("active").value()).isEqualTo("yes");
        machine.eoi(2, 0, 27);
        assertThat(machine.gic.interrupt(2, 27).child("active").value()).isEqualTo("no");
    }

    @ParameterizedTest
    @CsvSource({"false, 0, 16", "true, 0, 16", "false, 19, 31", "true, 19, 31"})
    void theInputOfAPpiReachesOneProcessor(boolean edge, int processor, int intid) {
        for (int each : new int[] {0, 7, 19}) {
            machine.gicr(each, 0x10100, 4, 1L << intid);
            machine.gicr(each, 0x10C04, 4, edge ? 0xAAAA_AAAAL : 0);
        }
        assertThat(machine.gic.setPrivateInput(machine.context, processor, intid, true)).isTrue();
        assertThat(machine.ack(7, 0)).isEqualTo(SPURIOUS);
        assertThat(machine.ack(processor, 0)).isEqualTo(intid);
        machine.eoi(processor, 0, intid);
        assertThat(machine.highest(processor, 0)).isEqualTo(edge ? SPURIOUS : intid);
        assertThat(machine.gic.interrupt(processor, intid).child("latched").value()).isEqualTo("no");
        machine.gic.setPrivateInput(machine.context, processor, intid, true);
        assertThat(machine.highest(processor, 0)).as("no new edge").isEqualTo(edge ? SPURIOUS : intid);
        machine.gic.setPrivateInput(machine.context, processor, intid, false);
        assertThat(machine.highest(processor, 0)).isEqualTo(SPURIOUS);
        assertThat(machine.gic.interrupt(processor, intid).child("input").value()).isEqualTo("deasserted");
    }

    @ParameterizedTest
    @CsvSource({"0, 15", "0, 32", "-1, 16", "20, 16", "0, -1"})
    void aPrivateInputThatDoesNotExistIsRefused(int processor, int intid) {
        assertThat(machine.gic.setPrivateInput(machine.context, processor, intid, true)).isFalse();
        assertThat(machine.gic.pending()).isEmpty();
    }

    @Test
    void whatDoesNotExistIsIgnored() {
        assertThat(machine.ack(-1, 1)).isEqualTo(SPURIOUS);
        assertThat(machine.ack(20, 1)).isEqualTo(SPURIOUS);
        machine.eoi(0, 1, SPURIOUS);
        machine.eoi(0, 7, 40);
        machine.gic.deactivate(machine.context, 0, 5000);
        machine.gic.deactivate(machine.context, 0, -5);
        machine.gic.sendSgi(machine.context, 0, new long[0], 1, 3);
        machine.gic.sendSgi(machine.context, 0, new long[20], 1, 16);
        machine.input(31, true);
        machine.input(5000, true);
        assertThat(machine.gic.pending()).isEmpty();
        assertThat(machine.gic.interrupt(0, 5000).note()).contains("no such interrupt");
        assertThat(machine.gic.interrupt(99, 3).note()).contains("no processor 99");
        assertThat(machine.gic.interrupt(0, 9000).note()).contains("LPIs are not enabled");
    }

    @Test
    void showsWhereAnInterruptGoes() {
        machine.spi(40, 1, 0x80, true, 17);
        assertThat(machine.gic.interrupt(-1, 40).child("GICD_IROUTER").note()).isEqualTo("processor 17");
        assertThat(machine.gic.interrupt(-1, 40).child("trigger").value()).isEqualTo("edge");
        assertThat(machine.gic.processorsState().children()).hasSize(20);
    }
}
