package dev.backplane.core.epoch;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A lock that can be taken away from a thread that hangs while it holds it. Whoever waits for it then goes on without
 * it; whoever comes later finds a new one.
 *
 * @param <L> the lock, with what it guards
 */
public final class BreakableLock<L extends ReentrantLock> {
    private static final long LOOK_MILLIS = 20;

    private final Supplier<L> maker;
    private volatile L current;

    /**
     * Makes one that nobody holds.
     *
     * @param maker makes locks
     */
    public BreakableLock(Supplier<L> maker) {
        this.maker = maker;
        current = maker.get();
    }

    /**
     * Takes the lock; reentrant.
     *
     * @param context context of the calling thread
     * @return the lock to be unlocked, or null when it was broken while the caller waited for it
     */
    public L acquire(EpochContext context) {
        L lock = current;
        return lock.tryLock() ? unlessBroken(lock) : acquireSlowly(context, lock);
    }

    private L unlessBroken(L lock) {
        if (lock == current) {
            return lock;
        }
        lock.unlock();
        return null;
    }

    private L acquireSlowly(EpochContext context, L lock) {
        boolean interrupted = false;
        context.waitsForLock(true);
        try {
            while (lock == current) {
                try {
                    if (lock.tryLock(LOOK_MILLIS, TimeUnit.MILLISECONDS)) {
                        return unlessBroken(lock);
                    }
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            return null;
        } finally {
            context.waitsForLock(false);
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Takes the lock away from whoever holds it. */
    public void breakOpen() {
        current = maker.get();
    }

    /** {@return the lock, for questions about it} */
    public L current() {
        return current;
    }
}
