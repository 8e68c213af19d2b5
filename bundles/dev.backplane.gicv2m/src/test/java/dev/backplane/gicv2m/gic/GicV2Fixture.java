package dev.backplane.gicv2m.gic;

import dev.backplane.device.DeviceProperties;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.gicv2m.fake.Bus;
import dev.backplane.gicv2m.fake.FakeBoard;
import dev.backplane.gicv2m.fake.FakeContext;
import dev.backplane.memory.TransactionContext;
import java.util.List;
import java.util.Map;

/** A realized, reset GICv2 and the ways into it. */
final class GicV2Fixture {
    static final long CTLR = 0x000;
    static final long IGROUPR = 0x080;
    static final long ISENABLER = 0x100;
    static final long ICENABLER = 0x180;
    static final long ISPENDR = 0x200;
    static final long ICPENDR = 0x280;
    static final long ISACTIVER = 0x300;
    static final long ICACTIVER = 0x380;
    static final long IPRIORITYR = 0x400;
    static final long ITARGETSR = 0x800;
    static final long ICFGR = 0xC00;
    static final long SGIR = 0xF00;
    static final long CPENDSGIR = 0xF10;
    static final long SPENDSGIR = 0xF20;

    static final long C_CTLR = 0x00;
    static final long C_PMR = 0x04;
    static final long C_BPR = 0x08;
    static final long C_IAR = 0x0C;
    static final long C_EOIR = 0x10;
    static final long C_RPR = 0x14;
    static final long C_HPPIR = 0x18;
    static final long C_ABPR = 0x1C;
    static final long C_AIAR = 0x20;
    static final long C_AEOIR = 0x24;
    static final long C_AHPPIR = 0x28;
    static final long C_DIR = 0x1000;

    final TransactionContext context = new FakeContext();
    final FakeBoard board = new FakeBoard(List.of());
    final GicV2Device device;
    final Bus gicd;
    final Bus gicc;

    GicV2Fixture(int processors, int interrupts) {
        device = create(Map.of("num-cpu", processors, "num-irq", interrupts));
        device.realize(board);
        for (ResetPhase phase : ResetPhase.values()) {
            device.reset(ResetKind.COLD, phase);
        }
        gicd = new Bus(device, "gicd");
        gicc = new Bus(device, "gicc");
    }

    static GicV2Device create(Map<String, ?> properties) {
        var factory = new GicV2Factory();
        return (GicV2Device) factory.create(DeviceProperties.of("arm_gic", factory.properties(), properties));
    }

    /** Enables forwarding and every CPU interface, for both groups, with no mask. */
    GicV2Fixture open() {
        gicd.writel(CTLR, 3);
        for (int processor = 0; processor < device.processors(); processor++) {
            device.setPriorityMask(context, processor, 0xFF);
            device.setGroupEnable(context, processor, 0, true);
            device.setGroupEnable(context, processor, 1, true);
        }
        return this;
    }

    /** Sets up an SPI: enabled, of a priority, for some processors. */
    void spi(int intid, int priority, int targets, boolean edge) {
        gicd.write(IPRIORITYR + intid, 1, priority);
        gicd.write(ITARGETSR + intid, 1, targets);
        long config = ICFGR + intid / 16 * 4;
        long bit = 2L << intid % 16 * 2;
        gicd.writel(config, edge ? gicd.readl(config) | bit : gicd.readl(config) & ~bit);
        gicd.writel(ISENABLER + intid / 32 * 4, 1L << intid % 32);
    }

    void group1(int intid) {
        long register = IGROUPR + intid / 32 * 4;
        gicd.writel(register, gicd.readl(register) | 1L << intid % 32);
    }

    void level(int intid, boolean asserted) {
        device.setInput(context, intid, asserted);
    }

    void pulse(int intid) {
        level(intid, true);
        level(intid, false);
    }

    boolean bit(long register, int intid) {
        return (gicd.readl(register + intid / 32 * 4) >> intid % 32 & 1) != 0;
    }

    boolean isPending(int intid) {
        return bit(ISPENDR, intid);
    }

    boolean isActive(int intid) {
        return bit(ISACTIVER, intid);
    }
}
