package dev.backplane.gicv3.gic;

import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * State of one CPU interface (IHI 0069, chapter 4): priority mask, group enables and active priorities. The
 * binary points have their smallest values, so each of the 32 priority levels preempts the next. Guarded by the lock of
 * the redistributor.
 */
final class CpuState {
    /** Running priority when nothing is active (ICC_RPR_EL1). */
    static final int IDLE = 0xFF;

    private int priorityMask;
    private final boolean[] groupEnabled = new boolean[2];
    private final int[] activePriorities = new int[2];
    private boolean eoiMode;

    void reset() {
        priorityMask = 0;
        eoiMode = false;
        for (int group = 0; group < 2; group++) {
            groupEnabled[group] = false;
            activePriorities[group] = 0;
        }
    }

    int priorityMask() {
        return priorityMask;
    }

    /** Sets ICC_PMR_EL1; bits of priority that are not implemented are RAZ/WI. */
    void setPriorityMask(int mask) {
        priorityMask = mask & InterruptBank.PRIORITY_MASK;
    }

    boolean isGroupEnabled(int group) {
        return groupEnabled[group];
    }

    void setGroupEnabled(int group, boolean enabled) {
        groupEnabled[group] = enabled;
    }

    /** {@return ICC_CTLR_EL1.EOImode: whether the end of an interrupt drops the priority only} */
    boolean eoiMode() {
        return eoiMode;
    }

    void setEoiMode(boolean dropOnly) {
        eoiMode = dropOnly;
    }

    int activePriorities(int group) {
        return activePriorities[group];
    }

    /** {@return the priority of the most urgent active interrupt, {@link #IDLE} when there is none} */
    int runningPriority() {
        int all = activePriorities[0] | activePriorities[1];
        return all == 0 ? IDLE : Integer.numberOfTrailingZeros(all) << 3;
    }

    /** {@return whether an interrupt is urgent enough to be taken now} */
    boolean admits(int candidate) {
        int priority = Candidate.priority(candidate);
        return candidate != Candidate.NONE && priority < priorityMask && priority < runningPriority();
    }

    void activate(int candidate) {
        activePriorities[Candidate.group(candidate)] |= 1 << (Candidate.priority(candidate) >>> 3);
    }

    /** Drops the running priority. {@return whether the most urgent active priority was of that group} */
    boolean drop(int group) {
        int own = activePriorities[group];
        int other = activePriorities[1 - group];
        if (own == 0
                || other != 0 && Integer.numberOfTrailingZeros(other) < Integer.numberOfTrailingZeros(own)) {
            return false;
        }
        activePriorities[group] = own & own - 1;
        return true;
    }

    Map<String, Object> save() {
        var saved = new LinkedHashMap<String, Object>();
        saved.put("ICC_PMR", priorityMask);
        saved.put("ICC_IGRPEN0", groupEnabled[0]);
        saved.put("ICC_IGRPEN1", groupEnabled[1]);
        saved.put("ICC_AP0R0", activePriorities[0]);
        saved.put("ICC_AP1R0", activePriorities[1]);
        saved.put("EOImode", eoiMode);
        return saved;
    }

    void restore(SavedState saved) throws RestoreException {
        priorityMask = (int) saved.getLong("ICC_PMR");
        groupEnabled[0] = saved.get("ICC_IGRPEN0", Boolean.class);
        groupEnabled[1] = saved.get("ICC_IGRPEN1", Boolean.class);
        activePriorities[0] = (int) saved.getLong("ICC_AP0R0");
        activePriorities[1] = (int) saved.getLong("ICC_AP1R0");
        eoiMode = saved.get("EOImode", Boolean.class);
    }
}
