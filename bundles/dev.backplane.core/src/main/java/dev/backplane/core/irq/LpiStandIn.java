package dev.backplane.core.irq;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.core.memory.Rendered;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;
import java.util.function.Consumer;

/**
 * The LPI side of a GIC slot as an ITS sees it. It outlives the models in the slot: while none is there, changes of
 * pending state are noted and made on the newcomer, whose restored state they may concern. Configuration that
 * is to be invalidated meanwhile needs no note: a newcomer starts with an empty cache. Thread-safe.
 */
public final class LpiStandIn implements LpiController {
    private final EpochDomain epochs;
    private final PendingChanges changes = new PendingChanges();
    private volatile LpiController gic;
    private volatile int processors;
    private volatile int place;
    private volatile Consumer<String> failureListener = reason -> {};
    private long generation;

    /**
     * Makes one whose GIC is absent.
     *
     * @param epochs grace periods of the board
     */
    public LpiStandIn(EpochDomain epochs) {
        this.epochs = epochs;
    }

    /** Names the gate of the GIC's slot: what happens in the GIC is blamed on it. */
    public void behind(DeviceGate gate) {
        place = gate.place();
        failureListener = gate::fail;
    }

    /** Connects a GIC and makes the changes that were noted; not when it was parked before that was done. */
    public void serve(LpiController next) {
        long served;
        synchronized (changes) {
            served = generation;
        }
        int now = next.processors();
        EpochContext context = epochs.context();
        context.enter();
        try {
            while (true) {
                PendingChanges.Change change;
                synchronized (changes) {
                    if (generation != served) {
                        return;
                    }
                    change = changes.next();
                    if (change == null) {
                        processors = now;
                        gic = next;
                        return;
                    }
                }
                inGic(context, () -> change.make(context, next));
            }
        } finally {
            context.exit();
        }
    }

    /** Disconnects the GIC; the caller then waits for a grace period. */
    public void park() {
        synchronized (changes) {
            generation++;
            gic = null;
        }
    }

    /** The GIC is reset while it is absent: changes from before concern nothing any more. */
    public void forget() {
        synchronized (changes) {
            changes.clear();
        }
    }

    private void inGic(EpochContext context, Runnable body) {
        Throwable caught = context.callback(place, body);
        if (caught != null) {
            failureListener.accept(Rendered.text(caught));
        }
    }

    /** {@return the GIC, or null when the change was noted instead} */
    private LpiController noteUnlessPresent(PendingChanges.Change change) {
        synchronized (changes) {
            LpiController now = gic;
            if (now == null) {
                changes.note(change);
            }
            return now;
        }
    }

    private void make(TransactionContext context, PendingChanges.Change change) {
        LpiController now = noteUnlessPresent(change);
        if (now != null) {
            inGic((EpochContext) context, () -> change.make(context, now));
        }
    }

    @Override
    public int processors() {
        return processors;
    }

    @Override
    public boolean setPending(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now == null) {
            make(context, new PendingChanges.Set(processor, intid));
            return true;
        }
        var self = (EpochContext) context;
        int before = self.enterCallback(place);
        try {
            return now.setPending(context, processor, intid);
        } finally {
            self.leaveCallback(before);
        }
    }

    @Override
    public boolean clearPending(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now == null) {
            make(context, new PendingChanges.Clear(processor, intid));
            return true;
        }
        var self = (EpochContext) context;
        int before = self.enterCallback(place);
        try {
            return now.clearPending(context, processor, intid);
        } finally {
            self.leaveCallback(before);
        }
    }

    @Override
    public void movePending(TransactionContext context, int from, int to, int intid) {
        make(context, new PendingChanges.Move(from, to, intid));
    }

    @Override
    public void moveAllPending(TransactionContext context, int from, int to) {
        make(context, new PendingChanges.MoveAll(from, to));
    }

    @Override
    public void invalidate(TransactionContext context, int processor, int intid) {
        LpiController now = gic;
        if (now != null) {
            inGic((EpochContext) context, () -> now.invalidate(context, processor, intid));
        }
    }

    @Override
    public void invalidateAll(TransactionContext context, int processor) {
        LpiController now = gic;
        if (now != null) {
            inGic((EpochContext) context, () -> now.invalidateAll(context, processor));
        }
    }
}
