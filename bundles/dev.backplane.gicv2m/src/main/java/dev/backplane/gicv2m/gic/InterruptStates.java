package dev.backplane.gicv2m.gic;

import java.util.Arrays;

/**
 * What the Distributor holds of each interrupt (IHI 0048B, section 3.2.4 for the states). SGIs and PPIs are banked by
 * processor, SPIs are shared. Not thread-safe.
 */
final class InterruptStates {
    static final int FIRST_PPI = 16;
    static final int FIRST_SPI = 32;

    static final int ENABLED = 1 << 0;
    /** Pending by an edge or by software; a level input makes an interrupt pending without it. */
    static final int LATCHED = 1 << 1;
    /** The level of the input. */
    static final int INPUT = 1 << 2;
    static final int ACTIVE = 1 << 3;
    static final int GROUP1 = 1 << 4;
    /** Edge-triggered; else level-sensitive. */
    static final int EDGE = 1 << 5;

    final int processors;
    /** Number of INTIDs, SGIs and PPIs included. */
    final int interrupts;

    private final byte[] flags;
    private final byte[] priorities;
    private final byte[] targets;
    /** Pending SGIs: one bit per source processor, by target processor and INTID. */
    private final byte[] sources;

    InterruptStates(int processors, int interrupts) {
        this.processors = processors;
        this.interrupts = interrupts;
        int slots = processors * FIRST_SPI + interrupts - FIRST_SPI;
        flags = new byte[slots];
        priorities = new byte[slots];
        targets = new byte[slots];
        sources = new byte[processors * FIRST_PPI];
        reset();
    }

    /** Resets everything but the levels of the inputs, which are not the Distributor's to change. */
    void reset() {
        for (int slot = 0; slot < flags.length; slot++) {
            flags[slot] &= INPUT;
        }
        for (int processor = 0; processor < processors; processor++) {
            for (int sgi = 0; sgi < FIRST_PPI; sgi++) {
                // SGIs are always enabled here (GICD_ISENABLERn leaves it to the implementation) and edge-triggered.
                flags[slot(processor, sgi)] = ENABLED | EDGE;
            }
        }
        Arrays.fill(priorities, (byte) 0);
        Arrays.fill(targets, (byte) 0);
        Arrays.fill(sources, (byte) 0);
    }

    private int slot(int processor, int intid) {
        return intid < FIRST_SPI ? processor * FIRST_SPI + intid : processors * FIRST_SPI + intid - FIRST_SPI;
    }

    boolean exists(int intid) {
        return intid < interrupts;
    }

    boolean is(int flag, int processor, int intid) {
        return (flags[slot(processor, intid)] & flag) != 0;
    }

    void set(int flag, int processor, int intid, boolean value) {
        int slot = slot(processor, intid);
        flags[slot] = (byte) (value ? flags[slot] | flag : flags[slot] & ~flag);
    }

    int priority(int processor, int intid) {
        return priorities[slot(processor, intid)] & 0xFF;
    }

    void priority(int processor, int intid, int value) {
        priorities[slot(processor, intid)] = (byte) value;
    }

    /** {@return the target processors of an SPI, one bit each} */
    int targets(int intid) {
        return processors == 1 ? 1 : targets[slot(0, intid)] & 0xFF;
    }

    void targets(int intid, int mask) {
        targets[slot(0, intid)] = (byte) (mask & allProcessors());
    }

    int allProcessors() {
        return (1 << processors) - 1;
    }

    /** {@return the processors whose SGI is pending at this one, one bit each} */
    int sources(int processor, int sgi) {
        return sources[processor * FIRST_PPI + sgi] & 0xFF;
    }

    void sources(int processor, int sgi, int mask) {
        sources[processor * FIRST_PPI + sgi] = (byte) (mask & allProcessors());
    }

    boolean isTargeted(int processor, int intid) {
        return intid < FIRST_SPI || (targets(intid) >> processor & 1) != 0;
    }

    boolean isPending(int processor, int intid) {
        if (intid < FIRST_PPI) {
            return sources(processor, intid) != 0;
        }
        int flag = flags[slot(processor, intid)];
        return (flag & LATCHED) != 0 || (flag & (EDGE | INPUT)) == INPUT;
    }

    /** Drives the input of a PPI or SPI: a rising edge latches an edge-triggered interrupt. */
    void drive(int processor, int intid, boolean level) {
        boolean rises = level && !is(INPUT, processor, intid);
        set(INPUT, processor, intid, level);
        if (rises && is(EDGE, processor, intid)) {
            set(LATCHED, processor, intid, true);
        }
    }

    byte[][] save() {
        return new byte[][] {flags.clone(), priorities.clone(), targets.clone(), sources.clone()};
    }

    boolean fits(byte[][] saved) {
        return saved[0].length == flags.length
                && saved[1].length == priorities.length
                && saved[2].length == targets.length
                && saved[3].length == sources.length;
    }

    void restore(byte[][] saved) {
        System.arraycopy(saved[0], 0, flags, 0, flags.length);
        System.arraycopy(saved[1], 0, priorities, 0, priorities.length);
        System.arraycopy(saved[2], 0, targets, 0, targets.length);
        System.arraycopy(saved[3], 0, sources, 0, sources.length);
    }
}
