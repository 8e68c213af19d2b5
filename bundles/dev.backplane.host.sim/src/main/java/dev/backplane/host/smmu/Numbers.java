package dev.backplane.host.smmu;

import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import java.util.BitSet;

/** Numbers that are given away once at a time. Thread-safe. */
public final class Numbers {
    private final String what;
    private final int first;
    private final int last;
    private final BitSet taken = new BitSet();
    private int next;

    Numbers(String what, int first, int last) {
        this.what = what;
        this.first = first;
        this.last = last;
        next = first;
    }

    /**
     * {@return a number that nobody has; one that was given back comes again as late as possible}
     *
     * @param operation operation that fails without one
     * @throws HostException ENOSPC
     */
    public synchronized int take(String operation) throws HostException {
        int free = taken.nextClearBit(next);
        if (free > last) {
            free = taken.nextClearBit(first);
        }
        if (free > last) {
            throw new HostException(operation, Errno.ENOSPC, "all %ss are in use".formatted(what));
        }
        taken.set(free);
        next = free + 1;
        return free;
    }

    /** Gives a number back. */
    public synchronized void give(int number) {
        taken.clear(number);
    }

    /** {@return how many are in use} */
    public synchronized int inUse() {
        return taken.cardinality();
    }
}
