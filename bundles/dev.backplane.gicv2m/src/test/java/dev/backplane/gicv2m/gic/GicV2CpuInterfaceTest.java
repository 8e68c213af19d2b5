package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.GicV2Fixture.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** CPU interface registers and interrupt states, IHI 0048B sections 3.2, 3.3 and 4.4. */
class GicV2CpuInterfaceTest {
    private static final int SPURIOUS = 1023;

    private final GicV2Fixture gic = new GicV2Fixture(4, 288);

    @ParameterizedTest(name = "{0} at {1} resets to {2}, all ones written read back as {3}")
    @CsvSource({
        "GICC_CTLR,    0x000,  0,          0x3ff",
        "GICC_PMR,     0x004,  0,          0xff",
        "GICC_BPR,     0x008,  0,          7",
        "GICC_IAR,     0x00c,  1023,       1023",
        "GICC_EOIR,    0x010,  0,          0",
        "GICC_RPR,     0x014,  0xff,       0xff",
        "GICC_HPPIR,   0x018,  1023,       1023",
        "GICC_ABPR,    0x01c,  1,          7",
        "GICC_AIAR,    0x020,  1023,       1023",
        "GICC_AEOIR,   0x024,  0,          0",
        "GICC_AHPPIR,  0x028,  1023,       1023",
        "reserved,     0x02c,  0,          0",
        "GICC_APR0,    0x0d0,  0,          0xffffffff",
        "GICC_APR3,    0x0dc,  0,          0xffffffff",
        "GICC_NSAPR0,  0x0e0,  0,          0xffffffff",
        "GICC_NSAPR3,  0x0ec,  0,          0xffffffff",
        "GICC_IIDR,    0x0fc,  0x0202143b, 0x0202143b",
        "GICC_DIR,     0x1000, 0,          0",
        "reserved,     0x1ffc, 0,          0",
    })
    void registers(String name, String offset, String reset, String written) {
        assertThat(gic.gicc.readl(Long.decode(offset))).isEqualTo(Long.decode(reset));
        gic.gicc.writel(Long.decode(offset), 0xFFFF_FFFFL);
        assertThat(gic.gicc.readl(Long.decode(offset))).isEqualTo(Long.decode(written));
    }

    @Test
    void theEndOfASharedInterruptIsTold() {
        List<Integer> ended = new ArrayList<>();
        gic.device.onEnded(ended::add);
        gic.open().spi(80, 0x40, 1, true);
        gic.pulse(80);
        gic.gicc.readl(C_IAR);
        assertThat(ended).isEmpty();
        gic.gicc.writel(C_EOIR, 80);
        assertThat(ended).containsExactly(80);
        gic.device.setEoiMode(gic.context, 0, true);
        gic.pulse(80);
        gic.gicc.readl(C_IAR);
        gic.gicc.writel(C_EOIR, 80);
        assertThat(ended).as("dropped, not deactivated").containsExactly(80);
        gic.gicc.writel(C_DIR, 80);
        assertThat(ended).containsExactly(80, 80);
    }

    @Test
    void aliasedBinaryPointIsAtLeastOne() {
        gic.gicc.writel(C_ABPR, 0);
        assertThat(gic.gicc.readl(C_ABPR)).isEqualTo(1);
    }

    @Test
    void edgeInterruptGoesFromPendingOverActiveToInactive() {
        gic.open().spi(80, 0x40, 1, true);
        gic.pulse(80);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(80);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(80);
        assertThat(gic.isPending(80)).isFalse();
        assertThat(gic.isActive(80)).isTrue();
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0x40);
        gic.pulse(80);
        assertThat(gic.gicc.readl(C_IAR)).as("active and pending is not taken again").isEqualTo(SPURIOUS);
        gic.gicc.writel(C_EOIR, 80);
        assertThat(gic.isActive(80)).isFalse();
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
        assertThat(gic.gicc.readl(C_IAR)).as("the edge that came meanwhile").isEqualTo(80);
    }

    @Test
    void aProcessorSetsItsOwnEoiMode() {
        gic.open().spi(80, 0x40, 2, true);
        assertThat(gic.device.setEoiMode(gic.context, 1, true)).isTrue();
        gic.pulse(80);
        assertThat(gic.device.acknowledge(gic.context, 1, 0)).isEqualTo(80);
        gic.device.endOfInterrupt(gic.context, 1, 0, 80);
        assertThat(gic.isActive(80)).as("only the priority dropped").isTrue();
        gic.pulse(80);
        assertThat(gic.device.highestPending(gic.context, 1, 0)).as("active and pending").isEqualTo(SPURIOUS);
        gic.device.deactivate(gic.context, 1, 80);
        assertThat(gic.device.acknowledge(gic.context, 1, 0)).isEqualTo(80);
        assertThat(gic.device.setEoiMode(gic.context, 1, false)).isTrue();
        gic.device.endOfInterrupt(gic.context, 1, 0, 80);
        assertThat(gic.isActive(80)).isFalse();
        assertThat(gic.gicc.readl(C_CTLR)).as("processor 0 is another one").isEqualTo(3);
    }

    @ParameterizedTest
    @CsvSource({"false, 16", "true, 16", "false, 31", "true, 31"})
    void theInputOfAPpiIsSignalledByItsTrigger(boolean edge, int intid) {
        gic.open();
        gic.gicd.writel(ISENABLER, 1L << intid);
        gic.gicd.writel(ICFGR + 4, edge ? 0xAAAA_AAAAL : 0);
        assertThat(gic.device.setPrivateInput(gic.context, 0, intid, true)).isTrue();
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(intid);
        gic.gicc.writel(C_EOIR, intid);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(edge ? SPURIOUS : intid);
        gic.device.setPrivateInput(gic.context, 0, intid, false);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(SPURIOUS);
    }

    @Test
    void theInputOfAPpiReachesOneProcessorAndOutlivesReset() {
        gic.device.setPrivateInput(gic.context, 3, 27, true);
        gic.device.reset(ResetKind.COLD, ResetPhase.ENTER);
        for (int processor = 0; processor < 4; processor++) {
            var shown = gic.device.interrupt(processor, 27);
            assertThat(shown.child("input").value()).isEqualTo(processor == 3 ? "yes" : "no");
            assertThat(shown.child("state").value()).isEqualTo(processor == 3 ? "pending" : "inactive");
        }
        gic.device.setPrivateInput(gic.context, 3, 27, false);
        assertThat(gic.device.pending()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0, 15", "0, 32", "-1, 16", "4, 16", "0, -1"})
    void aPrivateInputThatDoesNotExistIsRefused(int processor, int intid) {
        assertThat(gic.device.setPrivateInput(gic.context, processor, intid, true)).isFalse();
        assertThat(gic.device.pending()).isEmpty();
    }

    @Test
    void levelInterruptIsTakenAgainAsLongAsItsInputIsHigh() {
        gic.open().spi(80, 0x40, 1, false);
        gic.level(80, true);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(80);
        assertThat(gic.isPending(80)).isTrue();
        gic.gicc.writel(C_EOIR, 80);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(80);
        gic.level(80, false);
        gic.gicc.writel(C_EOIR, 80);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(SPURIOUS);
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(
            strings = {"nothing", "GICD_CTLR", "GICC_CTLR", "GICC_PMR", "GICD_ISENABLER", "GICD_ITARGETSR", "active"})
    void eachGateKeepsAnInterruptFromTheProcessor(String closed) {
        gic.open().spi(80, 0x80, 1, true);
        gic.pulse(80);
        switch (closed) {
            case "GICD_CTLR" -> gic.gicd.writel(CTLR, 2);
            case "GICC_CTLR" -> gic.gicc.writel(C_CTLR, 2);
            case "GICC_PMR" -> gic.gicc.writel(C_PMR, 0x80);
            case "GICD_ISENABLER" -> gic.gicd.writel(ICENABLER + 8, 1 << 16);
            case "GICD_ITARGETSR" -> gic.gicd.write(ITARGETSR + 80, 1, 0xE);
            case "active" -> gic.gicd.writel(ISACTIVER + 8, 1 << 16);
            default -> { }
        }
        boolean open = closed.equals("nothing");
        assertThat(gic.device.highestPending(gic.context, 0, 0)).isEqualTo(open ? 80 : SPURIOUS);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(open ? 80 : SPURIOUS);
        assertThat(gic.isPending(80)).isEqualTo(!open);
        // GICC_HPPIR shows what is pending at the interface, whether or not it can be signalled.
        boolean shown = closed.equals("GICC_CTLR") || closed.equals("GICC_PMR");
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(shown ? 80 : SPURIOUS);
    }

    @Test
    void highestPriorityComesFirstThenTheLowestIntid() {
        gic.open();
        gic.spi(90, 0x30, 1, true);
        gic.spi(91, 0x20, 1, true);
        gic.spi(92, 0x20, 1, true);
        gic.pulse(90);
        gic.pulse(92);
        gic.pulse(91);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(91);
        gic.gicc.writel(C_EOIR, 91);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(92);
        gic.gicc.writel(C_EOIR, 92);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(90);
    }

    @ParameterizedTest(name = "running {0}, pending {1}, binary point {2}: preempts {3}")
    @CsvSource({
        "0x80, 0x7e, 0, true", "0x80, 0x80, 0, false", "0x81, 0x80, 0, false", "0x80, 0x7f, 6, true",
        "0x40, 0x3f, 5, true", "0x7f, 0x40, 5, false", "0x80, 0x00, 7, false", "0xf0, 0x80, 6, false",
    })
    void groupPriorityDecidesAboutPreemption(String running, String pending, int point, boolean preempts) {
        gic.open();
        gic.gicc.writel(C_BPR, point);
        gic.spi(90, Integer.decode(running), 1, true);
        gic.spi(91, Integer.decode(pending), 1, true);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(90);
        int mask = 0xFF << point + 1 & 0xFF;
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(Integer.decode(running) & mask);
        gic.pulse(91);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(preempts ? 91 : SPURIOUS);
    }

    @ParameterizedTest(name = "ABPR {0}, CBPR {1}: group priority {2}")
    @CsvSource({"1, 0, 0xb6", "2, 0, 0xb4", "7, 0, 0x80", "1, 1, 0xa0", "7, 1, 0xa0"})
    void group1HasItsOwnBinaryPointUnlessTheyAreCommon(int aliased, int common, String running) {
        gic.open();
        gic.gicc.writel(C_CTLR, 0x3 | common << 4);
        gic.gicc.writel(C_BPR, 4);
        gic.gicc.writel(C_ABPR, aliased);
        gic.spi(90, 0xB7, 1, true);
        gic.group1(90);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_AIAR)).isEqualTo(90);
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(Long.decode(running));
    }

    @Test
    void nestedInterruptsEndInReverseOrder() {
        gic.open();
        int[] priorities = {0xC0, 0x80, 0x40, 0x00};
        for (int i = 0; i < 4; i++) {
            gic.spi(100 + i, priorities[i], 1, true);
            gic.pulse(100 + i);
            assertThat(gic.gicc.readl(C_IAR)).isEqualTo(100 + i);
            assertThat(gic.gicc.readl(C_RPR)).isEqualTo(priorities[i]);
        }
        for (int i = 3; i >= 0; i--) {
            assertThat(gic.gicc.readl(C_RPR)).isEqualTo(priorities[i]);
            gic.gicc.writel(C_EOIR, 100 + i);
        }
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
    }

    @Test
    void group1IsHiddenFromIarUnlessAckCtlIsSet() {
        gic.open().spi(90, 0x10, 1, true);
        gic.group1(90);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(1022);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(1022);
        assertThat(gic.gicc.readl(C_AHPPIR)).isEqualTo(90);
        assertThat(gic.gicc.readl(C_AIAR)).isEqualTo(90);
        gic.gicc.writel(C_EOIR, 90);
        assertThat(gic.isActive(90)).as("GICC_EOIR is for group 0 then").isTrue();
        gic.gicc.writel(C_AEOIR, 90);
        assertThat(gic.isActive(90)).isFalse();
        gic.gicc.writel(C_CTLR, 0x7);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(90);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(90);
        gic.gicc.writel(C_EOIR, 90);
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
    }

    @Test
    void aliasedIarLeavesGroup0Alone() {
        gic.open().spi(90, 0x10, 1, true);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_AIAR)).isEqualTo(SPURIOUS);
        assertThat(gic.gicc.readl(C_AHPPIR)).isEqualTo(SPURIOUS);
        assertThat(gic.device.acknowledge(gic.context, 0, 1)).isEqualTo(SPURIOUS);
        assertThat(gic.device.acknowledge(gic.context, 0, 0)).isEqualTo(90);
    }

    @Test
    void splitEndDropsThePriorityAndDirDeactivates() {
        gic.open().spi(90, 0x10, 1, true);
        gic.gicc.writel(C_DIR, 90);
        assertThat(gic.board.logged()).as("GICC_DIR with EOImode 0").hasSize(1);
        gic.gicc.writel(C_CTLR, 0x203);
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(90);
        gic.gicc.writel(C_EOIR, 90);
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
        assertThat(gic.isActive(90)).isTrue();
        gic.pulse(90);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(SPURIOUS);
        gic.gicc.writel(C_DIR, 90);
        assertThat(gic.isActive(90)).isFalse();
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(90);
    }

    @Test
    void sgiTellsItsSourceAndComesOncePerSource() {
        gic.open();
        gic.device.sendSgi(gic.context, 3, new long[] {0b1}, 0, 6);
        gic.device.sendSgi(gic.context, 1, new long[] {0b1}, 0, 6);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(1 << 10 | 6);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(SPURIOUS);
        gic.gicc.writel(C_EOIR, 1 << 10 | 6);
        assertThat(gic.gicc.readl(C_HPPIR)).isEqualTo(3 << 10 | 6);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(3 << 10 | 6);
        gic.gicc.writel(C_EOIR, 3 << 10 | 6);
        assertThat(gic.gicc.readl(C_IAR)).isEqualTo(SPURIOUS);
    }

    @Test
    void spiOfSeveralProcessorsIsTakenByOne() {
        gic.open().spi(90, 0x10, 0b1110, true);
        gic.pulse(90);
        assertThat(gic.device.acknowledge(gic.context, 0, 0)).isEqualTo(SPURIOUS);
        assertThat(gic.device.highestPending(gic.context, 1, 0)).isEqualTo(90);
        assertThat(gic.device.highestPending(gic.context, 3, 0)).isEqualTo(90);
        assertThat(gic.device.acknowledge(gic.context, 2, 0)).isEqualTo(90);
        assertThat(gic.device.acknowledge(gic.context, 1, 0)).isEqualTo(SPURIOUS);
        gic.device.endOfInterrupt(gic.context, 2, 0, 90);
        assertThat(gic.isActive(90)).isFalse();
    }

    @Test
    void privateInterruptsAreBanked() {
        gic.open();
        gic.gicd.write(IPRIORITYR + 20, 1, 0x33);
        gic.gicd.writel(ISENABLER, 1 << 20);
        gic.gicd.writel(ISPENDR, 1 << 20);
        assertThat(gic.device.interrupt(0, 20).child("priority").value()).isEqualTo("0x33");
        assertThat(gic.device.interrupt(1, 20).child("priority").value()).isEqualTo("0x0");
        assertThat(gic.device.acknowledge(gic.context, 1, 0)).isEqualTo(SPURIOUS);
        assertThat(gic.device.acknowledge(gic.context, 0, 0)).isEqualTo(20);
    }

    @ParameterizedTest
    @ValueSource(longs = {1020, 1021, 1022, 1023})
    void endOfASpecialIntidDoesNothing(long intid) {
        gic.open().spi(90, 0x10, 1, true);
        gic.pulse(90);
        gic.gicc.readl(C_IAR);
        gic.gicc.writel(C_EOIR, intid);
        gic.gicc.writel(C_AEOIR, intid);
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0x10);
        assertThat(gic.board.logged()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {288, 1019, 0xFFFF_E120L})
    void endOfAnAbsentInterruptIsLogged(long value) {
        gic.gicc.writel(C_EOIR, value);
        gic.gicc.writel(C_AEOIR, value);
        gic.gicc.writel(C_DIR, value);
        assertThat(gic.board.logged()).hasSize(3);
    }

    @Test
    void endWithNothingRunningIsLogged() {
        gic.gicc.writel(C_EOIR, 90);
        assertThat(gic.board.logged()).singleElement().asString().contains("90");
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
    }

    @Test
    void callersOfTheCpuInterfaceHearWhatTheyGotWrong() {
        assertThatThrownBy(() -> gic.device.acknowledge(gic.context, 4, 0)).hasMessageContaining("processor 4");
        assertThatThrownBy(() -> gic.device.acknowledge(gic.context, 0, 2)).hasMessageContaining("group 2");
        assertThatThrownBy(() -> gic.device.sendSgi(gic.context, 0, new long[] {1}, 0, 16))
                .hasMessageContaining("SGI 16");
        assertThatThrownBy(() -> gic.device.interrupt(0, 288)).hasMessageContaining("INTID 288");
    }

    @Test
    void inspectionShowsPendingInterruptsByProcessorAndIntid() {
        gic.open().spi(90, 0x10, 1, true);
        gic.pulse(90);
        gic.device.sendSgi(gic.context, 0, new long[] {0b100}, 0, 1);
        assertThat(gic.device.pending()).hasSize(2);
        assertThat(gic.device.pending().getFirst()).satisfies(spi -> {
            assertThat(spi.processor()).isEqualTo(-1);
            assertThat(spi.intid()).isEqualTo(90);
            assertThat(spi.priority()).isEqualTo(0x10);
            assertThat(spi.enabled()).isTrue();
        });
        assertThat(gic.device.pending().getLast().processor()).isEqualTo(2);
        assertThat(gic.device.interrupt(0, 90).child("state").value()).isEqualTo("pending");
        assertThat(gic.device.processorsState().children()).hasSize(4);
        assertThat(gic.device.inspect().child("GICD").children()).hasSize(3);
    }
}
