package dev.backplane.core.epoch;

import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/**
 * The grace periods of one board. Each thread that starts transactions has a context with a sequence number that is odd
 * while a transaction is under way; a grace period waits until every number that was odd has changed. Entering costs one
 * store and one fence, whatever the number of threads; only grace periods pay for other threads.
 *
 * <p>A thread that hangs in a callback of a model can be expelled: grace periods do not wait for it any more. It uses
 * nothing that it had found before when it comes back, because it looks whether it was expelled whenever it leaves a
 * callback.
 */
public final class EpochDomain implements Epochs {
    private static final int SPINS = 200;
    private static final int YIELDS = 50;
    private static final long NAP_NANOS = 20_000;

    private final ThreadLocal<EpochContext> contexts = new ThreadLocal<>();
    private final ConcurrentMap<Integer, Place> places = new ConcurrentHashMap<>();
    private final AtomicInteger lastPlace = new AtomicInteger();
    private final List<Consumer<Thread>> expulsionListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> whenNobodyHangs = new ArrayList<>();
    private volatile EpochContext[] registered = {};
    private volatile long ofDeadThreads;
    private volatile int hanging;
    private volatile long expulsions;

    /** Where a thread can hang: the device of a slot. */
    public interface Place {
        /**
         * A thread hangs in a callback of the device. Grace periods do not wait for it any more.
         *
         * @param report which callback, on which thread, for how long
         */
        void hangs(String report);
    }

    @Override
    public EpochContext context() {
        EpochContext context = contexts.get();
        return context != null ? context : register();
    }

    private EpochContext register() {
        var context = new EpochContext(Thread.currentThread(), this);
        contexts.set(context);
        synchronized (this) {
            long ended = ofDeadThreads;
            var alive = new ArrayList<EpochContext>(registered.length + 1);
            for (EpochContext other : registered) {
                if (other.isDead()) {
                    ended += other.transactions;
                    leftForGood(other);
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

    EpochContext[] contexts() {
        return registered;
    }

    @Override
    public void synchronize(TransactionContext context) {
        var self = (EpochContext) context;
        // While it waits, the caller uses nothing that others retire: two CMD_SYNCs must not wait for each other.
        self.waiting(true);
        VarHandle.fullFence();
        for (EpochContext other : registered) {
            if (other != self) {
                awaitLeft(other, true, Long.MAX_VALUE);
            }
        }
        VarHandle.fullFence();
        self.waiting(false);
    }

    /**
     * Waits until every transaction that had entered has left, those that wait in {@link #synchronize} included: after
     * it, no thread is in a callback of a model whose gate was closed before, but threads that were expelled.
     *
     * @throws IllegalStateException if the calling thread is inside a transaction, which could never end then
     */
    public void drain() {
        drain(Long.MAX_VALUE);
    }

    /**
     * Waits as {@link #drain()} does, for a limited time.
     *
     * @return whether all have left
     */
    public boolean drain(Duration patience) {
        return drain(patience.toNanos());
    }

    private boolean drain(long patience) {
        EpochContext self = contexts.get();
        if (self != null && self.inside()) {
            throw new IllegalStateException("a grace period was asked for inside a transaction: use synchronize");
        }
        long start = System.nanoTime();
        VarHandle.fullFence();
        for (EpochContext other : registered) {
            if (!awaitLeft(other, false, patience - (System.nanoTime() - start))) {
                return false;
            }
        }
        VarHandle.fullFence();
        return true;
    }

    /** {@return how many outermost transactions this domain has seen; a moment's reading} */
    public long transactions() {
        long sum = ofDeadThreads;
        for (EpochContext context : registered) {
            sum += context.transactions;
        }
        return sum;
    }

    private static boolean awaitLeft(EpochContext other, boolean exceptWaiting, long patience) {
        long epoch = other.epoch();
        if ((epoch & 1) == 0) {
            return true;
        }
        long start = 0;
        for (int round = 0; other.epoch() == epoch; round++) {
            if (exceptWaiting && other.isWaiting() || other.isExpelled() || other.isDead()) {
                return true;
            }
            if (round < SPINS) {
                Thread.onSpinWait();
            } else if (round < SPINS + YIELDS) {
                Thread.yield();
            } else {
                long now = System.nanoTime();
                if (start == 0) {
                    start = now;
                } else if (now - start > patience) {
                    return false;
                }
                LockSupport.parkNanos(NAP_NANOS);
            }
        }
        return true;
    }

    // Threads that hang

    /**
     * Makes a place known.
     *
     * @return its number, for {@link EpochContext#enterCallback}
     */
    public int register(Place place) {
        int number = lastPlace.incrementAndGet();
        places.put(number, place);
        return number;
    }

    /** Forgets a place. */
    public void forget(int number) {
        places.remove(number);
    }

    /** {@return the place with that number, or null} */
    Place place(int number) {
        return places.get(number);
    }

    /** Names who is told of a thread that was expelled, on the watchdog's thread. */
    public void onExpulsion(Consumer<Thread> listener) {
        expulsionListeners.add(listener);
    }

    /** {@return how many threads have been expelled and not come back} */
    public int hanging() {
        return hanging;
    }

    /** {@return how many times a thread was expelled} */
    public long expulsions() {
        return expulsions;
    }

    /**
     * Does something when no thread is expelled: now, or when the last one has come back. Until then memory that such a
     * thread could still be copying from or to must stay.
     */
    public void whenNobodyHangs(Runnable task) {
        synchronized (this) {
            for (EpochContext context : registered) {
                if (context.isDead()) {
                    leftForGood(context);
                }
            }
            if (hanging > 0) {
                whenNobodyHangs.add(task);
                return;
            }
        }
        task.run();
    }

    /**
     * Expels a thread that seems to hang, unless it has moved on.
     *
     * @param blame told the frames of the thread before grace periods stop waiting for it: who waited sees the failure
     */
    void expel(EpochContext context, long epoch, long calls, Consumer<StackTraceElement[]> blame) {
        Thread thread = context.owner();
        if (thread == null) {
            return;
        }
        context.suspected(true);
        // Taking another thread's frames is a handshake with it: whatever it stored before is visible here afterwards,
        // and it sees the suspicion in whatever it loads afterwards. So either it is seen to have left its callback, or
        // it will see the suspicion when it does.
        StackTraceElement[] frames = thread.getStackTrace();
        synchronized (this) {
            if (context.epoch() != epoch || context.calls() != calls || !thread.isAlive()) {
                context.suspected(context.late);
                return;
            }
            blame.accept(frames);
            context.expelled(true);
            hanging++;
            expulsions++;
        }
        expulsionListeners.forEach(listener -> listener.accept(thread));
    }

    /**
     * {@return whether the thread was never expelled; if it was, it starts anew, and is late until it has left all
     * callbacks}
     */
    boolean cameBack(EpochContext context, boolean leftAll) {
        List<Runnable> released = List.of();
        boolean late;
        synchronized (this) {
            if (context.isExpelled()) {
                context.startAnew();
                released = back(context);
                context.late = true;
            }
            late = context.late;
            context.late &= !leftAll;
            context.suspected(context.late);
        }
        released.forEach(Runnable::run);
        return !late;
    }

    private List<Runnable> back(EpochContext context) {
        context.expelled(false);
        hanging--;
        if (hanging > 0) {
            return List.of();
        }
        List<Runnable> released = List.copyOf(whenNobodyHangs);
        whenNobodyHangs.clear();
        return released;
    }

    private void leftForGood(EpochContext ended) {
        if (ended.isExpelled()) {
            back(ended).forEach(Runnable::run);
        }
    }
}
