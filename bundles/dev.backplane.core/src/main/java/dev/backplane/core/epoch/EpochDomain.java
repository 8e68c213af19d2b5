package dev.backplane.core.epoch;

import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.concurrent.locks.LockSupport;

/**
 * The grace periods of one board. Each thread that starts transactions has a context with a sequence number that is odd
 * while a transaction is under way; a grace period waits until every number that was odd has changed. Entering costs one
 * store and one fence, whatever the number of threads; only grace periods pay for other threads.
 */
public final class EpochDomain implements Epochs {
    private static final int SPINS = 200;
    private static final int YIELDS = 50;
    private static final long NAP_NANOS = 20_000;

    private final ThreadLocal<EpochContext> contexts = new ThreadLocal<>();
    private volatile EpochContext[] registered = {};
    private volatile long ofDeadThreads;

    @Override
    public EpochContext context() {
        EpochContext context = contexts.get();
        return context != null ? context : register();
    }

    private EpochContext register() {
        var context = new EpochContext(Thread.currentThread());
        contexts.set(context);
        synchronized (this) {
            long ended = ofDeadThreads;
            var alive = new ArrayList<EpochContext>(registered.length + 1);
            for (EpochContext other : registered) {
                if (other.isDead()) {
                    ended += other.transactions;
                } else {
                    alive.add(other);
                }
            }
            alive.add(context);
            ofDeadThreads = ended;
            registered = alive.toArray(EpochContext[]::new);
        }
        return context;
    }

    @Override
    public void synchronize(TransactionContext context) {
        var self = (EpochContext) context;
        // While it waits, the caller uses nothing that others retire: two CMD_SYNCs must not wait for each other.
        self.waiting(true);
        VarHandle.fullFence();
        for (EpochContext other : registered) {
            if (other != self) {
                awaitLeft(other, true);
            }
        }
        VarHandle.fullFence();
        self.waiting(false);
    }

    /**
     * Waits until every transaction that had entered has left, those that wait in {@link #synchronize} included: after
     * it, no thread is in a callback of a model whose gate was closed before.
     *
     * @throws IllegalStateException if the calling thread is inside a transaction, which could never end then
     */
    public void drain() {
        EpochContext self = contexts.get();
        if (self != null && self.inside()) {
            throw new IllegalStateException("a grace period was asked for inside a transaction: use synchronize");
        }
        VarHandle.fullFence();
        for (EpochContext other : registered) {
            awaitLeft(other, false);
        }
        VarHandle.fullFence();
    }

    /** {@return how many outermost transactions this domain has seen; a moment's reading} */
    public long transactions() {
        long sum = ofDeadThreads;
        for (EpochContext context : registered) {
            sum += context.transactions;
        }
        return sum;
    }

    private static void awaitLeft(EpochContext other, boolean exceptWaiting) {
        long epoch = other.epoch();
        if ((epoch & 1) == 0) {
            return;
        }
        for (int round = 0; other.epoch() == epoch; round++) {
            if (exceptWaiting && other.isWaiting() || other.isDead()) {
                return;
            }
            if (round < SPINS) {
                Thread.onSpinWait();
            } else if (round < SPINS + YIELDS) {
                Thread.yield();
            } else {
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
    }
}
