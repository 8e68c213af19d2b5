package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.GicV2Fixture.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.memory.TransactionResult;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Distributor registers, IHI 0048B section 4.3. */
class GicV2DistributorTest {
    private final GicV2Fixture gic = new GicV2Fixture(8, 288);

    @ParameterizedTest(name = "{0} at {1} resets to {2}")
    @CsvSource({
        "GICD_CTLR,        0x000, 0",
        "GICD_TYPER,       0x004, 0xe8",
        "GICD_IIDR,        0x008, 0x0200143b",
        "reserved,         0x00c, 0",
        "GICD_IGROUPR0,    0x080, 0",
        "GICD_ISENABLER0,  0x100, 0xffff",
        "GICD_ICENABLER0,  0x180, 0xffff",
        "GICD_ISENABLER1,  0x104, 0",
        "GICD_ISPENDR1,    0x204, 0",
        "GICD_ISACTIVER1,  0x304, 0",
        "GICD_IPRIORITYR8, 0x420, 0",
        "GICD_ITARGETSR0,  0x800, 0x01010101",
        "GICD_ITARGETSR7,  0x81c, 0x01010101",
        "GICD_ITARGETSR8,  0x820, 0",
        "GICD_ICFGR0,      0xc00, 0xaaaaaaaa",
        "GICD_ICFGR2,      0xc08, 0",
        "GICD_NSACR0,      0xe00, 0",
        "GICD_SGIR is WO,  0xf00, 0",
        "GICD_CPENDSGIR0,  0xf10, 0",
        "GICD_PIDR4,       0xfd0, 0x04",
        "GICD_PIDR0,       0xfe0, 0x90",
        "GICD_PIDR2,       0xfe8, 0x2b",
        "GICD_CIDR0,       0xff0, 0x0d",
        "GICD_CIDR3,       0xffc, 0xb1",
    })
    void resetValues(String name, String offset, String value) {
        assertThat(gic.gicd.readl(Long.decode(offset))).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest
    @CsvSource({"1, 64, 0x01", "4, 96, 0x62", "8, 288, 0xe8", "2, 992, 0x3e", "8, 1020, 0xff"})
    void typerCountsLinesAndProcessors(int processors, int interrupts, String typer) {
        assertThat(new GicV2Fixture(processors, interrupts).gicd.readl(0x004)).isEqualTo(Long.decode(typer));
    }

    @ParameterizedTest(name = "{0}: all ones written to {1} read back as {2}")
    @CsvSource({
        "GICD_CTLR,                0x000, 0x3",
        "GICD_TYPER RO,            0x004, 0xe8",
        "GICD_IIDR RO,             0x008, 0x0200143b",
        "GICD_IGROUPR1,            0x084, 0xffffffff",
        "GICD_IGROUPR8 last,       0x0a0, 0xffffffff",
        "GICD_IGROUPR9 beyond,     0x0a4, 0",
        "GICD_ISENABLER8,          0x120, 0xffffffff",
        "GICD_ISENABLER9 beyond,   0x124, 0",
        "GICD_ISPENDR0 SGIs RO,    0x200, 0xffff0000",
        "GICD_ISACTIVER0,          0x300, 0xffffffff",
        "GICD_IPRIORITYR8,         0x420, 0xffffffff",
        "GICD_IPRIORITYR72 beyond, 0x520, 0",
        "GICD_ITARGETSR0 RO,       0x800, 0x01010101",
        "GICD_ITARGETSR8,          0x820, 0xffffffff",
        "GICD_ITARGETSR72 beyond,  0x920, 0",
        "GICD_ICFGR0 SGIs RO,      0xc00, 0xaaaaaaaa",
        "GICD_ICFGR2 odd bits,     0xc08, 0xaaaaaaaa",
        "GICD_NSACR0 RAZ/WI,       0xe00, 0",
        "GICD_SPENDSGIR0,          0xf20, 0xffffffff",
        "GICD_PIDR0 RO,            0xfe0, 0x90",
        "reserved,                 0xd00, 0",
    })
    void writableBits(String name, String offset, String value) {
        gic.gicd.writel(Long.decode(offset), 0xFFFF_FFFFL);
        assertThat(gic.gicd.readl(Long.decode(offset))).isEqualTo(Long.decode(value));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({
        "enable,  0x104, 0x184", "enable PPIs, 0x100, 0x180", "pending, 0x204, 0x284", "active,  0x304, 0x384"
    })
    void setAndClearRegistersShowTheSameBits(String what, String set, String clear) {
        long setOffset = Long.decode(set);
        long clearOffset = Long.decode(clear);
        long sgis = gic.gicd.readl(setOffset);
        gic.gicd.writel(setOffset, 0x8F0F_0000L);
        assertThat(gic.gicd.readl(clearOffset)).isEqualTo(0x8F0F_0000L | sgis);
        gic.gicd.writel(setOffset, 0);
        gic.gicd.writel(clearOffset, 0x0F00_FFFFL);
        assertThat(gic.gicd.readl(setOffset)).as("SGIs stay enabled").isEqualTo(0x800F_0000L | sgis);
    }

    @Test
    void prioritiesAndTargetsAreByteAccessible() {
        gic.gicd.write(IPRIORITYR + 41, 1, 0xA0);
        gic.gicd.write(ITARGETSR + 42, 1, 0x05);
        assertThat(gic.gicd.readl(IPRIORITYR + 40)).isEqualTo(0xA000);
        assertThat(gic.gicd.read(IPRIORITYR + 41, 1)).isEqualTo(0xA0);
        assertThat(gic.gicd.readl(ITARGETSR + 40)).isEqualTo(0x0005_0000);
    }

    @ParameterizedTest(name = "{1} bytes at {0} are refused")
    @CsvSource({"0x000, 1", "0x100, 1", "0xc00, 1", "0xf00, 1", "0x400, 2", "0x800, 2", "0x00c, 1", "0xfff, 1"})
    void otherSizesAreRefused(String offset, int size) {
        assertThat(gic.gicd.tryRead(Long.decode(offset), size)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(gic.gicd.write(Long.decode(offset), size, 1)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(gic.board.logged()).hasSize(2);
    }

    @Test
    void targetsOfAbsentProcessorsAreZero() {
        var small = new GicV2Fixture(3, 64);
        small.gicd.writel(ITARGETSR + 32, 0xFFFF_FFFFL);
        assertThat(small.gicd.readl(ITARGETSR + 32)).isEqualTo(0x0707_0707L);
    }

    @Test
    void targetsAreZeroWithOneProcessorAndItGetsEverything() {
        var single = new GicV2Fixture(1, 64).open();
        single.gicd.writel(ITARGETSR + 32, 0xFFFF_FFFFL);
        assertThat(single.gicd.readl(ITARGETSR)).isZero();
        assertThat(single.gicd.readl(ITARGETSR + 32)).isZero();
        single.spi(40, 0x10, 0, true);
        single.pulse(40);
        assertThat(single.gicc.readl(C_IAR)).isEqualTo(40);
    }

    @ParameterizedTest(name = "filter {0}, list {1} reaches {2}")
    @CsvSource({"0, 0x81, 0x81", "0, 0x00, 0x00", "1, 0x01, 0xfe", "2, 0xff, 0x01", "3, 0xff, 0x00"})
    void sgirSelectsItsTargets(int filter, String list, String reached) {
        gic.open();
        gic.gicd.writel(SGIR, (long) filter << 24 | Long.decode(list) << 16 | 1 << 15 | 5);
        int seen = 0;
        for (int processor = 0; processor < 8; processor++) {
            if (gic.device.acknowledge(gic.context, processor, 0) == 5) {
                seen |= 1 << processor;
            }
        }
        assertThat(seen).isEqualTo(Integer.decode(reached));
    }

    @Test
    void sgiPendingIsKeptBySource() {
        gic.device.sendSgi(gic.context, 3, new long[] {1}, 0, 2);
        gic.device.sendSgi(gic.context, 7, new long[] {1}, 0, 2);
        gic.device.sendSgi(gic.context, 7, new long[] {1}, 0, 2);
        assertThat(gic.gicd.readl(SPENDSGIR)).isEqualTo(0x0088_0000);
        assertThat(gic.gicd.read(CPENDSGIR + 2, 1)).isEqualTo(0x88);
        gic.gicd.writel(ICPENDR, 0xFFFF);
        assertThat(gic.gicd.readl(ISPENDR)).as("GICD_ICPENDR0 does not clear SGIs").isEqualTo(4);
        gic.gicd.write(CPENDSGIR + 2, 1, 0x80);
        assertThat(gic.gicd.readl(SPENDSGIR)).isEqualTo(0x0008_0000);
        gic.gicd.write(SPENDSGIR + 2, 1, 0x01);
        assertThat(gic.gicd.readl(CPENDSGIR)).isEqualTo(0x0009_0000);
    }

    @Test
    void sgiTargetsThatDoNotExistAreIgnored() {
        var small = new GicV2Fixture(2, 64).open();
        small.gicd.writel(SGIR, 0xFF << 16 | 1);
        small.device.sendSgi(small.context, 0, new long[] {-1L, -1L}, 1, 1);
        small.device.sendSgi(small.context, 0, new long[0], 0, 3);
        assertThat(small.device.pending()).hasSize(2);
    }

    @Test
    void levelInputIsPendingWhileItIsHigh() {
        gic.spi(50, 0, 1, false);
        gic.level(50, true);
        assertThat(gic.isPending(50)).isTrue();
        gic.gicd.writel(ICPENDR + 4, 1 << 18);
        assertThat(gic.isPending(50)).as("cannot be cleared while the input is high").isTrue();
        gic.level(50, false);
        assertThat(gic.isPending(50)).isFalse();
    }

    @Test
    void levelInterruptThatSoftwareSetStaysUntilItIsCleared() {
        gic.spi(50, 0, 1, false);
        gic.gicd.writel(ISPENDR + 4, 1 << 18);
        gic.level(50, true);
        gic.level(50, false);
        assertThat(gic.isPending(50)).isTrue();
        gic.gicd.writel(ICPENDR + 4, 1 << 18);
        assertThat(gic.isPending(50)).isFalse();
    }

    @Test
    void edgeIsLatchedAndOneEdgeIsOneInterrupt() {
        gic.spi(50, 0, 1, true);
        gic.level(50, true);
        gic.gicd.writel(ICPENDR + 4, 1 << 18);
        assertThat(gic.isPending(50)).isFalse();
        gic.level(50, true);
        assertThat(gic.isPending(50)).as("no rising edge").isFalse();
        gic.level(50, false);
        gic.level(50, true);
        gic.level(50, false);
        assertThat(gic.isPending(50)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 16, 31, 288, 1019, 1023, Integer.MAX_VALUE, Integer.MIN_VALUE})
    void inputsThatAreNoSpisAreIgnored(int intid) {
        gic.level(intid, true);
        assertThat(gic.device.pending()).isEmpty();
        assertThat(gic.board.logged()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"0, 288", "9, 288", "1, 32", "1, 100", "1, 1021", "1, 1024", "4294967295, 288"})
    void impossibleSizesAreRefused(long processors, long interrupts) {
        assertThatThrownBy(() -> GicV2Fixture.create(Map.of("num-cpu", processors, "num-irq", interrupts)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching("num-(cpu|irq)=.*");
    }
}
