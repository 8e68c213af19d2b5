package dev.backplane.core.memory;

import java.time.Duration;
import java.util.Collection;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads of a board's engine that time held transactions out and perform them again. One that hangs in a model's
 * code is replaced, and what waited behind it goes on.
 */
final class Housekeeper implements AutoCloseable {
    private static final int THREADS = 2;

    /** Longer than a hand-over keeps a gate closed, shorter than time-outs of slots. */
    private static final long STAND_BY_MILLIS = 50;

    private final ScheduledThreadPoolExecutor executor;
    private int hanging;

    /** A thread, with what it works on. */
    private final class Worker extends Thread {
        private volatile Queue<HeldTransaction> batch;
        private volatile boolean replaced;

        Worker(Runnable task) {
            super(task, "backplane-engine");
            setDaemon(true);
        }

        Housekeeper owner() {
            return Housekeeper.this;
        }
    }

    Housekeeper() {
        executor = new ScheduledThreadPoolExecutor(THREADS, Worker::new);
        executor.setKeepAliveTime(10, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    /** Performs transactions in their order. */
    void perform(Collection<HeldTransaction> freed) {
        perform(new ConcurrentLinkedQueue<>(freed));
    }

    private void perform(Queue<HeldTransaction> batch) {
        run(() -> {
            var self = (Worker) Thread.currentThread();
            self.batch = batch;
            for (HeldTransaction next = batch.poll(); next != null; next = batch.poll()) {
                next.performAgain();
                if (self.replaced) {
                    return;
                }
            }
            self.batch = null;
        });
    }

    /**
     * Transactions are about to be held for a moment: the threads are there, and wait for something that comes before
     * any time-out, so that holding one wakes none of them. On a machine with few processors one that wakes takes it
     * from who keeps the gate closed. Does nothing when the engine has ended.
     */
    void standBy() {
        executor.prestartAllCoreThreads();
        try {
            executor.schedule(() -> {}, STAND_BY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (RejectedExecutionException ended) {
            // Nobody is held any more.
        }
    }

    void run(Runnable task) {
        executor.execute(() -> guarded(task));
    }

    Future<?> after(Duration delay, Runnable task) {
        return executor.schedule(() -> guarded(task), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void guarded(Runnable task) {
        try {
            task.run();
        } finally {
            cameBack((Worker) Thread.currentThread());
        }
    }

    /** A thread hangs: if it is one of these, another one takes its place and its work. */
    void replace(Thread thread) {
        if (thread instanceof Worker worker && worker.owner() == this) {
            synchronized (this) {
                worker.replaced = true;
                executor.setCorePoolSize(THREADS + ++hanging);
            }
            Queue<HeldTransaction> rest = worker.batch;
            if (rest != null && !rest.isEmpty() && !executor.isShutdown()) {
                perform(rest);
            }
        }
    }

    private synchronized void cameBack(Worker worker) {
        if (worker.replaced) {
            worker.replaced = false;
            worker.batch = null;
            executor.setCorePoolSize(THREADS + --hanging);
        }
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
