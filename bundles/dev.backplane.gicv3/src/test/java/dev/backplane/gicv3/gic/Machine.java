package dev.backplane.gicv3.gic;

import dev.backplane.gicv3.fake.FakeBoard;
import dev.backplane.gicv3.fake.FakeRam;
import dev.backplane.memory.TransactionContext;

/** A GIC and its software: short names for register accesses. */
final class Machine {
    static final long CONFIGURATIONS = 0x4000_0000L;
    static final long PENDING = 0x4010_0000L;

    final FakeRam ram = new FakeRam(FakeBoard.RAM_END);
    final FakeBoard board = new FakeBoard(ram, null);
    final TransactionContext context = board.context();
    GicV3 gic;

    Machine(Object... properties) {
        gic = create(properties);
    }

    GicV3 create(Object... properties) {
        return FakeBoard.realized(
                new GicV3(GicConfig.of(FakeBoard.properties(GicConfig.PROPERTIES, properties))), board);
    }

    /** Wakes all processors, opens all masks, enables all groups everywhere. */
    Machine awake() {
        gicd(0x000, 3);
        for (int processor = 0; processor < gic.processors(); processor++) {
            gicr(processor, 0x14, 4, 0);
            gic.setPriorityMask(context, processor, 0xFF);
            gic.setGroupEnable(context, processor, 0, true);
            gic.setGroupEnable(context, processor, 1, true);
        }
        return this;
    }

    /** Enables LPIs at a processor; the tables of processors follow each other. */
    void enableLpis(int processor) {
        gicr(processor, 0x70, 8, CONFIGURATIONS | 15);
        gicr(processor, 0x78, 8, PENDING + processor * 0x10000L);
        gicr(processor, 0x00, 4, 1);
    }

    void configureLpi(int intid, int entry) {
        ram.setByte(CONFIGURATIONS + intid - 8192, entry);
    }

    void gicd(long offset, long value) {
        gicd(offset, 4, value);
    }

    void gicd(long offset, int size, long value) {
        board.write(gic, "gicd", offset, size, value);
    }

    long gicd(long offset) {
        return board.read(gic, "gicd", offset, 4);
    }

    void gicr(int processor, long offset, int size, long value) {
        board.write(gic, "gicr", processor * 0x20000L + offset, size, value);
    }

    long gicr(int processor, long offset, int size) {
        return board.read(gic, "gicr", processor * 0x20000L + offset, size);
    }

    /** Enables an SPI in a group with a priority, routed to a processor. */
    void spi(int intid, int group, int priority, boolean edge, int processor) {
        long word = intid / 32 * 4;
        long bit = 1L << intid % 32;
        gicd(0x080 + word, gicd(0x080 + word) & ~bit | (group == 1 ? bit : 0));
        gicd(0x400 + intid, 1, priority);
        long config = 0xC00 + intid / 16 * 4;
        long edgeBit = 2L << intid % 16 * 2;
        gicd(config, gicd(config) & ~edgeBit | (edge ? edgeBit : 0));
        gicd(0x6000 + 8L * intid, 8, processor / 16 << 8 | processor % 16);
        gicd(0x100 + word, bit);
    }

    int ack(int processor, int group) {
        return gic.acknowledge(context, processor, group);
    }

    int highest(int processor, int group) {
        return gic.highestPending(context, processor, group);
    }

    void eoi(int processor, int group, int intid) {
        gic.endOfInterrupt(context, processor, group, intid);
    }

    void input(int intid, boolean asserted) {
        gic.setInput(context, intid, asserted);
    }

    boolean isPending(int intid) {
        return (gicd(0x200 + intid / 32 * 4) >>> intid % 32 & 1) != 0;
    }

    boolean isActive(int intid) {
        return (gicd(0x300 + intid / 32 * 4) >>> intid % 32 & 1) != 0;
    }
}
