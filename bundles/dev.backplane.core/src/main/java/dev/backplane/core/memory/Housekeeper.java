package dev.backplane.core.memory;

import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The threads of a board's engine that time held transactions out and perform them again. */
final class Housekeeper implements AutoCloseable {
    private final ScheduledThreadPoolExecutor executor;

    Housekeeper() {
        executor = new ScheduledThreadPoolExecutor(2, task -> {
            var thread = new Thread(task, "backplane-engine");
            thread.setDaemon(true);
            return thread;
        });
        executor.setKeepAliveTime(10, TimeUnit.SECONDS);
        executor.allowCoreThreadTimeOut(true);
        executor.setRemoveOnCancelPolicy(true);
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
    }

    void run(Runnable task) {
        executor.execute(task);
    }

    Future<?> after(Duration delay, Runnable task) {
        return executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
