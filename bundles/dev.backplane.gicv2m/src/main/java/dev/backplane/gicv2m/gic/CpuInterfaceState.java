package dev.backplane.gicv2m.gic;

import dev.backplane.irq.CpuInterface;

/**
 * The registers of one CPU interface and its priority logic (IHI 0048B, sections 3.3 and 4.4): 256 priority levels, so
 * 128 preemption levels, kept as one active bit each per group. Not thread-safe.
 */
final class CpuInterfaceState {
    /** Running priority when nothing runs; lower than any priority an interrupt can have. */
    static final int IDLE = 0x100;

    /** GICC_RPR when nothing runs. */
    private static final int RPR_IDLE = 0xFF;

    /** 8 priority bits, all of them implemented: the smallest binary points are 0, and 1 for group 1. */
    private static final int MINIMUM_ABPR = 1;

    private static final int WORDS = 4;

    int control;
    int priorityMask;
    int binaryPoint;
    int aliasedBinaryPoint;
    /** Active priorities by group: bit n of the 128 stands for group priority 2n. */
    final int[][] active = new int[2][WORDS];

    CpuInterfaceState() {
        reset();
    }

    void reset() {
        control = 0;
        priorityMask = 0;
        binaryPoint = 0;
        aliasedBinaryPoint = MINIMUM_ABPR;
        active[0] = new int[WORDS];
        active[1] = new int[WORDS];
    }

    boolean signals(boolean group1) {
        return (group1 ? GiccRegister.ENABLE_GRP1 : GiccRegister.ENABLE_GRP0).isSet(control);
    }

    boolean acknowledgesGroup1() {
        return GiccRegister.ACK_CTL.isSet(control);
    }

    /** {@return whether end of interrupt only drops the priority} */
    boolean splitsEndOfInterrupt() {
        return GiccRegister.EOI_MODE.isSet(control);
    }

    void binaryPoint(int value) {
        binaryPoint = value & 7;
    }

    void aliasedBinaryPoint(int value) {
        aliasedBinaryPoint = Math.max(MINIMUM_ABPR, value & 7);
    }

    /** {@return the group priority: what decides about preemption (IHI 0048B, interrupt prioritization)} */
    int groupPriority(int priority, boolean group1) {
        boolean own = group1 && !GiccRegister.CBPR.isSet(control);
        int point = own ? aliasedBinaryPoint - 1 : binaryPoint;
        return priority & 0xFF << point + 1 & 0xFF;
    }

    /** {@return the group priority that runs, or {@link #IDLE}} */
    int runningPriority() {
        return Math.min(highestActive(0), highestActive(1));
    }

    private int highestActive(int group) {
        for (int word = 0; word < WORDS; word++) {
            if (active[group][word] != 0) {
                return (word * 32 + Integer.numberOfTrailingZeros(active[group][word])) << 1;
            }
        }
        return IDLE;
    }

    int readRunningPriority() {
        int running = runningPriority();
        return running == IDLE ? RPR_IDLE : running;
    }

    /** {@return whether an interrupt passes the enables, the mask and what runs} */
    boolean canSignal(int priority, boolean group1) {
        return signals(group1) && priority < priorityMask && groupPriority(priority, group1) < runningPriority();
    }

    void activate(int priority, boolean group1) {
        int level = groupPriority(priority, group1) >> 1;
        active[group1 ? 1 : 0][level / 32] |= 1 << level % 32;
    }

    /** Drops the highest active priority of a group; {@return whether there was one} */
    boolean drop(boolean group1) {
        int[] words = active[group1 ? 1 : 0];
        for (int word = 0; word < WORDS; word++) {
            if (words[word] != 0) {
                words[word] &= words[word] - 1;
                return true;
            }
        }
        return false;
    }

    static boolean isSpecial(int intid) {
        return intid >= CpuInterface.SPURIOUS - 3;
    }
}
