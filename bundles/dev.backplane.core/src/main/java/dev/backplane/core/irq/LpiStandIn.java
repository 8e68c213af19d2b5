package dev.backplane.core.irq;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The LPI side of a GIC slot as an ITS sees it. It outlives the models in the slot: while none is there, changes of
 * pending state are noted in order and made on the newcomer, whose restored state they may concern. Configuration that
 * is to be invalidated meanwhile needs no note: a newcomer starts with an empty cache. Thread-safe.
 */
public final class LpiStandIn implements LpiController {

    /** A change of pending state. Setting one bit twice is one change, as a pending bit is one bit. */
    private sealed interface Change {
        void make(TransactionContext context, LpiController gic);

        record Set(int processor, int intid) implements Change {
            @Override
            public void make(TransactionContext context, LpiController gic) {
                gic.setPending(context, processor, intid);
            }
        }

        record Clear(int processor, int intid) implements Change {
            @Override
            public void make(TransactionContext context, LpiController gic) {
                gic.clearPending(context, processor, intid);
            }
        }

        record Move(int from, int to, int intid) implements Change {
            @Override
            public void make(TransactionContext context, LpiController gic) {
                gic.movePending(context, from, to, intid);
            }
        }

        record MoveAll(int from, int to) implements Change {
            @Override
            public void make(TransactionContext context, LpiController gic) {
                gic.moveAllPending(context, from, to);
            }
        }
    }

    private final EpochDomain epochs;
    private final List<Change> changes = new ArrayList<>();
    /** Bits set since the last other change: bounds what a storm of messages can add. */
    private final Set<Change.Set> recentlySet = new LinkedHashSet<>();
    private volatile LpiController gic;
    private volatile int processors;

    /**
     * Makes one whose GIC is absent.
     *
     * @param epochs grace periods of the board
     */
    public LpiStandIn(EpochDomain epochs) {
        this.epochs = epochs;
    }

    /** Connects a GIC and makes the changes that were noted. */
    public void serve(LpiController next) {
        processors = next.processors();
        EpochContext context = epochs.context();
        context.enter();
        try {
            synchronized (changes) {
                for (Change change : changes) {
                    change.make(context, next);
                }
                changes.clear();
                recentlySet.clear();
                gic = next;
            }
        } finally {
            context.exit();
        }
    }

    /** Disconnects the GIC; the caller then waits for a grace period. */
    public void park() {
        synchronized (changes) {
            gic = null;
        }
    }

    private void note(TransactionContext context, Change change) {
        synchronized (changes) {
            LpiController now = gic;
            if (now != null) {
                change.make(context, now);
            } else if (change instanceof Change.Set set) {
                if (recentlySet.add(set)) {
                    changes.add(set);
                }
            } else {
                recentlySet.clear();
                changes.add(change);
            }
        }
    }

    @Override
    public int processors() {
        return processors;
    }

    @Override
    public boolean setPending(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now != null) {
            return now.setPending(context, processor, intid);
        }
        note(context, new Change.Set(processor, intid));
        return true;
    }

    @Override
    public boolean clearPending(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now != null) {
            return now.clearPending(context, processor, intid);
        }
        note(context, new Change.Clear(processor, intid));
        return true;
    }

    @Override
    public void movePending(TransactionContext context, int from, int to, int intid) {
        LpiController now = gic;
        if (now != null) {
            now.movePending(context, from, to, intid);
        } else {
            note(context, new Change.Move(from, to, intid));
        }
    }

    @Override
    public void moveAllPending(TransactionContext context, int from, int to) {
        LpiController now = gic;
        if (now != null) {
            now.moveAllPending(context, from, to);
        } else {
            note(context, new Change.MoveAll(from, to));
        }
    }

    @Override
    public void invalidate(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now != null) {
            now.invalidate(context, processor, intid);
        }
    }

    @Override
    public void invalidateAll(TransactionContext context, int processor) {
        LpiController now = gic;
        if (now != null) {
            now.invalidateAll(context, processor);
        }
    }
}
