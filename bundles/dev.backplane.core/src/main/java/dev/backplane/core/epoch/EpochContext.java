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
    static final VarHandle PLACE;
    static final VarHandle OUTERMOST;
    static final VarHandle CALLS;
    static final VarHandle SUSPECTED;

    static {
        try {
            var lookup = MethodHandles.lookup();
            SEQUENCE = lookup.findVarHandle(EpochState.class, "sequence", long.class);
            WAITING = lookup.findVarHandle(EpochState.class, "waiting", boolean.class);
            PLACE = lookup.findVarHandle(EpochState.class, "place", int.class);
            OUTERMOST = lookup.findVarHandle(EpochState.class, "outermost", int.class);
            CALLS = lookup.findVarHandle(EpochState.class, "calls", long.class);
            SUSPECTED = lookup.findVarHandle(EpochState.class, "suspected", boolean.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /** Odd while a transaction is under way; each transaction takes two new numbers. */
    long sequence;

    /** Whether the owner waits for a grace period, and so uses nothing that another one could retire. */
    boolean waiting;

    /** Whether the watchdog thinks that the owner hangs; the owner looks when it comes out of a callback. */
    boolean suspected;

    /** Whose callback the owner is in, or 0. */
    int place;

    /** Whose callback the owner's outermost one is or was. */
    int outermost;

    /** How often the owner went into or came out of a callback. */
    long calls;

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
    private final EpochDomain domain;
    private Object obstacle;
    private int progress;
    private volatile boolean waitsForLock;
    private volatile boolean expelled;

    /** Whether the owner came back and has not left all that it was in; under the domain's monitor. */
    boolean late;

    /** The watchdog's own bookkeeping. */
    final Observation observation = new Observation();

    EpochContext(Thread owner, EpochDomain domain) {
        this.owner = new WeakReference<>(owner);
        this.domain = domain;
    }

    /** What the watchdog saw last. */
    static final class Observation {
        long epoch;
        long calls;
        int sameCalls;
        int sameEpoch;
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
     * Goes into a callback of a model: what it does not return from is blamed on that model.
     *
     * @param whose place of the model's slot, from {@link EpochDomain#register}
     * @return the place before, for {@link #leaveCallback}
     */
    public int enterCallback(int whose) {
        int before = place;
        CALLS.setOpaque(this, calls + 1);
        PLACE.setOpaque(this, whose);
        if (before == 0) {
            OUTERMOST.setOpaque(this, whose);
        }
        return before;
    }

    /**
     * Comes out of a callback.
     *
     * @param before what {@link #enterCallback} answered
     * @return whether that was in time; if not, the thread was given up in this callback or in one further in: nobody
     *     waited for it, so it uses nothing that it found before, does not count what the callback did, and ends its
     *     transaction as a fault. It is in a new epoch then
     */
    public boolean leaveCallback(int before) {
        PLACE.setOpaque(this, before);
        CALLS.setOpaque(this, calls + 1);
        return !(boolean) SUSPECTED.getOpaque(this) || domain.cameBack(this, before == 0);
    }

    /**
     * Runs code of a model as a callback.
     *
     * @param whose place of the model's slot, from {@link EpochDomain#register}
     * @param body what to run
     * @return what it threw, or null. What it throws after the thread was given up in it is no failure of who is in the
     *     slot by now, and is not told
     */
    public Throwable callback(int whose, Runnable body) {
        int before = enterCallback(whose);
        Throwable caught = null;
        try {
            body.run();
        } catch (Throwable thrown) {
            caught = thrown;
        }
        return leaveCallback(before) ? caught : null;
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

    /** Notes how many bytes of a block were transferred before it met the obstacle. */
    public void progress(int bytes) {
        progress = bytes;
    }

    /** {@return how far the last block came that met an obstacle, forgetting it} */
    public int takeProgress() {
        int bytes = progress;
        progress = 0;
        return bytes;
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

    /** Marks that the owner waits for a lock of the engine. */
    void waitsForLock(boolean now) {
        waitsForLock = now;
    }

    boolean isWaitingForLock() {
        return waitsForLock;
    }

    int place() {
        return (int) PLACE.getAcquire(this);
    }

    int outermostPlace() {
        return (int) OUTERMOST.getAcquire(this);
    }

    long calls() {
        return (long) CALLS.getAcquire(this);
    }

    /** Whether nobody waits for the owner any more; changed under the domain's monitor. */
    boolean isExpelled() {
        return expelled;
    }

    void expelled(boolean now) {
        expelled = now;
    }

    void suspected(boolean now) {
        SUSPECTED.setVolatile(this, now);
    }

    /** The owner is back from a callback that nobody waited for: whatever it finds from here on is protected again. */
    void startAnew() {
        SEQUENCE.setVolatile(this, sequence + 2);
        VarHandle.fullFence();
    }

    /** {@return the owner, or null when it is gone} */
    Thread owner() {
        return owner.get();
    }

    boolean isDead() {
        Thread thread = owner.get();
        return thread == null || !thread.isAlive();
    }
}
