package dev.backplane.core.epoch;

import dev.backplane.memory.TransactionContext;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.WeakReference;

/** Padding keeps the epoch of one thread off the cache lines of its neighbours. */
abstract class LeftPadding {
    long l1, l2, l3, l4, l5, l6, l7, l8;
}

/** What other threads read of a context. */
abstract class EpochState extends LeftPadding {
    static final VarHandle SEQUENCE;
    static final VarHandle WAITING;

    static {
        try {
            var lookup = MethodHandles.lookup();
            SEQUENCE = lookup.findVarHandle(EpochState.class, "sequence", long.class);
            WAITING = lookup.findVarHandle(EpochState.class, "waiting", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Odd while a transaction is under way; each transaction takes two new numbers. */
    long sequence;

    /** Whether the owner waits for a grace period, and so uses nothing that another one could retire. */
    boolean waiting;

    /** Owner's own bookkeeping: on this line, so that entering touches one line only. */
    int depth;

    long data;
    long transactions;
}

/**
 * One thread's place in the engine. A transaction enters and leaves; nested transactions (DMA started by a register
 * access) cost a counter. Owned by one thread; grace periods read its sequence number.
 */
public final class EpochContext extends EpochState implements TransactionContext {
    long r1, r2, r3, r4, r5, r6, r7, r8;
    private static final int MAX_DEPTH = 32;

    /** Weak: a thread of a bundle that has ended must not keep the bundle's classes. */
    private final WeakReference<Thread> owner;
    private Object obstacle;

    EpochContext(Thread owner) {
        this.owner = new WeakReference<>(owner);
    }

    /** Enters an epoch: until {@link #exit} nothing that this thread finds is reused. Nests. */
    public void enter() {
        if (depth++ == 0) {
            SEQUENCE.setOpaque(this, sequence + 1);
            // Pairs with the fence of a grace period: either it sees this epoch, or this epoch sees what it retired.
            VarHandle.fullFence();
            transactions++;
        }
    }

    /** Leaves the epoch. */
    public void exit() {
        if (--depth == 0) {
            SEQUENCE.setRelease(this, sequence + 1);
        }
    }

    /**
     * {@return whether transactions are nested deeper than any sane machine nests them} Software can point a queue at
     * registers whose writes start DMA whose faults are written to that queue; real buses end that too.
     */
    public boolean isTooDeep() {
        return depth > MAX_DEPTH;
    }

    /** {@return whether a transaction of this thread is under way} */
    public boolean inside() {
        return depth != 0;
    }

    @Override
    public long data() {
        return data;
    }

    @Override
    public void data(long value) {
        data = value;
    }

    /** Notes what a transaction met that cannot serve it now: a parked gate, a stall. */
    public void obstacle(Object met) {
        obstacle = met;
    }

    /** {@return what the last transaction met, forgetting it} */
    public Object takeObstacle() {
        Object met = obstacle;
        obstacle = null;
        return met;
    }

    long epoch() {
        return (long) SEQUENCE.getAcquire(this);
    }

    boolean isWaiting() {
        return (boolean) WAITING.getVolatile(this);
    }

    void waiting(boolean now) {
        WAITING.setVolatile(this, now);
    }

    boolean isDead() {
        Thread thread = owner.get();
        return thread == null || !thread.isAlive();
    }
}
