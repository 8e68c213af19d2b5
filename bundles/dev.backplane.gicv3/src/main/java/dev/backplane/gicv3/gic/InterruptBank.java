package dev.backplane.gicv3.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * State of consecutive SGIs, PPIs or SPIs: what the arrays of bits in a distributor or a redistributor hold (IHI 0069,
 * chapter 4). Not thread-safe: its distributor or redistributor guards it.
 */
final class InterruptBank {
    /** Implemented bits of a priority: 32 levels. */
    static final int PRIORITY_MASK = 0xF8;

    private final int first;
    private final int[] group;
    private final int[] enabled;
    private final int[] edge;
    private final int[] latch;
    private final int[] level;
    private final int[] message;
    private final int[] active;
    private final byte[] priority;

    /**
     * Makes a bank in its reset state.
     *
     * @param first INTID of the first interrupt, multiple of 32
     * @param count number of interrupts, multiple of 32
     */
    InterruptBank(int first, int count) {
        this.first = first;
        int words = count / 32;
        group = new int[words];
        enabled = new int[words];
        edge = new int[words];
        latch = new int[words];
        level = new int[words];
        message = new int[words];
        active = new int[words];
        priority = new byte[count];
        reset();
    }

    /** Forgets everything but the level of the inputs, which is not the bank's own. */
    void reset() {
        for (int[] bits : new int[][] {group, enabled, edge, latch, message, active}) {
            Arrays.fill(bits, 0);
        }
        Arrays.fill(priority, (byte) 0);
        if (first == 0) {
            edge[0] = 0xFFFF;
        }
    }

    int first() {
        return first;
    }

    int words() {
        return group.length;
    }

    boolean contains(int intid) {
        return intid >= first && intid < first + priority.length;
    }

    /** {@return the pending state of 32 interrupts: what is latched, and for level-sensitive ones their input} */
    int pending(int word) {
        return latch[word] | (level[word] | message[word]) & ~edge[word];
    }

    /** {@return the interrupts of a word that may be signalled (pending, enabled, not active) in the given groups} */
    int signalled(int word, boolean group0, boolean group1) {
        int groups = (group0 ? ~group[word] : 0) | (group1 ? group[word] : 0);
        return pending(word) & enabled[word] & ~active[word] & groups;
    }

    int group(int word) {
        return group[word];
    }

    void setGroup(int word, int bits) {
        group[word] = bits;
    }

    int enabled(int word) {
        return enabled[word];
    }

    void enable(int word, int bits) {
        enabled[word] |= bits;
    }

    void disable(int word, int bits) {
        enabled[word] &= ~bits;
    }

    void pend(int word, int bits) {
        latch[word] |= bits;
    }

    /** Clears what is latched; a level-sensitive interrupt stays pending while its input is asserted. */
    void unpend(int word, int bits) {
        latch[word] &= ~bits;
    }

    int active(int word) {
        return active[word];
    }

    void activate(int word, int bits) {
        active[word] |= bits;
    }

    void deactivate(int word, int bits) {
        active[word] &= ~bits;
    }

    int edge(int word) {
        return edge[word];
    }

    /** Sets which interrupts are edge-triggered; SGIs always are. */
    void setEdge(int word, int bits) {
        edge[word] = first == 0 && word == 0 ? bits | 0xFFFF : bits;
    }

    int priority(int index) {
        return priority[index] & 0xFF;
    }

    void setPriority(int index, int value) {
        priority[index] = (byte) (value & PRIORITY_MASK);
    }

    /** Drives an input. */
    void setInput(int intid, boolean asserted) {
        int word = word(intid);
        int bit = bit(intid);
        if (asserted) {
            if ((level[word] & bit) == 0) {
                latch[word] |= edge[word] & bit;
            }
            level[word] |= bit;
        } else {
            level[word] &= ~bit;
        }
    }

    /** Takes a message that asserts or deasserts an interrupt (GICD_SETSPI_NSR, GICD_CLRSPI_NSR). */
    void message(int intid, boolean asserted) {
        int word = word(intid);
        int bit = bit(intid);
        if ((edge[word] & bit) != 0) {
            latch[word] = asserted ? latch[word] | bit : latch[word] & ~bit;
        } else {
            message[word] = asserted ? message[word] | bit : message[word] & ~bit;
        }
    }

    /** Moves a signalled interrupt to active; one whose input stays asserted becomes active and pending. */
    void acknowledge(int intid) {
        latch[word(intid)] &= ~bit(intid);
        active[word(intid)] |= bit(intid);
    }

    void deactivate(int intid) {
        active[word(intid)] &= ~bit(intid);
    }

    boolean isPending(int intid) {
        return (pending(word(intid)) & bit(intid)) != 0;
    }

    /** {@return whether it is pending whatever its input is} */
    boolean isLatched(int intid) {
        return (latch[word(intid)] & bit(intid)) != 0;
    }

    boolean isEnabled(int intid) {
        return (enabled[word(intid)] & bit(intid)) != 0;
    }

    boolean isActive(int intid) {
        return (active[word(intid)] & bit(intid)) != 0;
    }

    boolean isEdge(int intid) {
        return (edge[word(intid)] & bit(intid)) != 0;
    }

    boolean isAsserted(int intid) {
        return (level[word(intid)] & bit(intid)) != 0;
    }

    int groupOf(int intid) {
        return (group[word(intid)] & bit(intid)) != 0 ? 1 : 0;
    }

    int priorityOf(int intid) {
        return priority(intid - first);
    }

    Map<String, Object> save() {
        var saved = new LinkedHashMap<String, Object>();
        saved.put("group", group);
        saved.put("enabled", enabled);
        saved.put("edge", edge);
        saved.put("latch", latch);
        saved.put("level", level);
        saved.put("message", message);
        saved.put("active", active);
        saved.put("priority", priority);
        return saved;
    }

    void restore(SavedState saved) throws RestoreException {
        restore(saved, "group", group);
        restore(saved, "enabled", enabled);
        restore(saved, "edge", edge);
        restore(saved, "latch", latch);
        restore(saved, "level", level);
        restore(saved, "message", message);
        restore(saved, "active", active);
        byte[] priorities = saved.get("priority", byte[].class);
        checkLength("priority", priorities.length, priority.length);
        System.arraycopy(priorities, 0, priority, 0, priority.length);
    }

    private static void restore(SavedState saved, String name, int[] target) throws RestoreException {
        int[] words = saved.get(name, int[].class);
        checkLength(name, words.length, target.length);
        System.arraycopy(words, 0, target, 0, target.length);
    }

    private static void checkLength(String name, int found, int expected) throws RestoreException {
        if (found != expected) {
            throw new RestoreException("interrupt state, field %s: %d elements: expected %d; num-irq must be the same"
                    .formatted(name, found, expected));
        }
    }

    private int word(int intid) {
        return (intid - first) >> 5;
    }

    private static int bit(int intid) {
        return 1 << (intid & 31);
    }
}
