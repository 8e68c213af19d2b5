package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.GicV2Fixture.*;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.gicv2m.fake.Bus;
import dev.backplane.irq.CpuInterface;
import dev.backplane.memory.TransactionResult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Registers that each processor has to itself (IHI 0048B, register banking, and the registers named). */
class GicV2BankedRegisterTest {
    private final GicV2Fixture gic = new GicV2Fixture(4, 64);

    @ParameterizedTest
    @CsvSource({
        // register, offset, what is written, what its own processor reads, what the others read
        "GICD_IGROUPR0,       0x080, 0xffff0000, 0xffff0000, 0x0",
        "GICD_ISENABLER0,     0x100, 0x08000000, 0x0800ffff, 0x0000ffff",
        "GICD_ISPENDR0,       0x200, 0x00010000, 0x00010000, 0x0",
        "GICD_ISACTIVER0,     0x300, 0x00010000, 0x00010000, 0x0",
        "GICD_IPRIORITYR0,    0x400, 0x40302010, 0x40302010, 0x0",
        "GICD_IPRIORITYR6,    0x418, 0x40302010, 0x40302010, 0x0",
        "GICD_ICFGR1,         0xc04, 0x00000002, 0x00000002, 0x0",
        "GICD_SPENDSGIR0,     0xf20, 0x00000004, 0x00000004, 0x0",
    })
    void distributorRegistersOfPrivateInterruptsAreBanked(
            String register, String offset, String written, String own, String others) {
        long at = Long.decode(offset);
        Bus second = gic.gicd.as(2);
        second.writel(at, Long.decode(written));
        assertThat(second.readl(at)).as(register).isEqualTo(Long.decode(own));
        for (int processor : new int[] {0, 1, 3}) {
            assertThat(gic.gicd.as(processor).readl(at)).as("%s of %d", register, processor)
                    .isEqualTo(Long.decode(others));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GICC_CTLR,  0x00, 0x3",
        "GICC_PMR,   0x04, 0xf0",
        "GICC_BPR,   0x08, 0x5",
        "GICC_ABPR,  0x1c, 0x6",
        "GICC_APR0,  0xd0, 0x10",
    })
    void cpuInterfaceRegistersAreBanked(String register, String offset, String value) {
        long at = Long.decode(offset);
        long before = gic.gicc.readl(at);
        gic.gicc.as(3).writel(at, Long.decode(value));
        assertThat(gic.gicc.as(3).readl(at)).as(register).isEqualTo(Long.decode(value));
        assertThat(gic.gicc.readl(at)).as(register + " of processor 0").isEqualTo(before);
    }

    @Test
    void targetsOfPrivateInterruptsNameTheReader() {
        for (int processor = 0; processor < 4; processor++) {
            assertThat(gic.gicd.as(processor).readl(ITARGETSR)).isEqualTo(0x0101_0101L << processor);
            assertThat(gic.gicd.as(processor).readl(ITARGETSR + 28)).isEqualTo(0x0101_0101L << processor);
        }
    }

    @Test
    void anSgiThatARegisterSendsCarriesTheSender() {
        gic.open();
        gic.gicd.as(1).writel(SGIR, 1L << 24 | 5);
        assertThat(gic.gicc.as(1).readl(C_IAR)).as("the filter leaves the sender out").isEqualTo(CpuInterface.SPURIOUS);
        assertThat(gic.gicc.as(2).readl(C_IAR)).isEqualTo(1 << 10 | 5);
        gic.gicd.as(3).writel(SGIR, 2L << 24 | 6);
        assertThat(gic.gicc.as(0).readl(C_IAR)).isEqualTo(1 << 10 | 5);
        assertThat(gic.gicc.as(3).readl(C_HPPIR)).as("5 before 6").isEqualTo(1 << 10 | 5);
    }

    @Test
    void aPrivateInputInterruptsTheProcessorThatEnabledIt() {
        gic.open();
        gic.gicd.as(1).writel(ISENABLER, 1L << 27);
        gic.device.setPrivateInput(gic.context, 0, 27, true);
        gic.device.setPrivateInput(gic.context, 1, 27, true);
        assertThat(gic.gicc.as(0).readl(C_IAR)).isEqualTo(CpuInterface.SPURIOUS);
        assertThat(gic.gicc.as(1).readl(C_IAR)).isEqualTo(27);
        gic.device.setPrivateInput(gic.context, 1, 27, false);
        gic.gicc.as(0).writel(C_EOIR, 27);
        assertThat(gic.gicd.as(1).readl(ISACTIVER)).as("another processor cannot end it").isEqualTo(1L << 27);
        gic.gicc.as(1).writel(C_EOIR, 27);
        assertThat(gic.gicd.as(1).readl(ISACTIVER)).isZero();
    }

    @Test
    void aProcessorThatTheGicDoesNotServeMeetsABusError() {
        Bus stranger = gic.gicd.as(4);
        assertThat(stranger.tryRead(ISENABLER, 4)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(stranger.write(ISENABLER, 4, 1L << 27)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(gic.gicc.as(4).tryRead(C_IAR, 4)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(gic.gicc.as(4).write(C_PMR, 4, 0xFF)).isEqualTo(TransactionResult.Fault.SLAVE_ERROR);
        assertThat(gic.board.logged()).hasSize(4).allMatch(note -> note.contains("processor 4"));
    }
}
