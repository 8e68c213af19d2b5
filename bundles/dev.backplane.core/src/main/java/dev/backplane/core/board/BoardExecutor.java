package dev.backplane.core.board;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** The thread on which everything happens that changes a board; one thing after another. */
final class BoardExecutor implements AutoCloseable {
    private static final System.Logger LOGGER = System.getLogger(BoardExecutor.class.getName());
    private final ThreadPoolExecutor executor;
    private volatile Thread thread;

    BoardExecutor(String board) {
        executor = new ThreadPoolExecutor(1, 1, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            var made = new Thread(null, task, "backplane-board-" + board, 0, false);
            made.setDaemon(true);
            made.setContextClassLoader(BoardExecutor.class.getClassLoader());
            thread = made;
            return made;
        });
    }

    /** {@return what a task will have answered; a task of the executor's own thread runs at once} */
    <T> CompletableFuture<T> submit(Callable<T> task) {
        var future = new CompletableFuture<T>();
        Runnable run = () -> {
            try {
                future.complete(task.call());
            } catch (Throwable thrown) {
                future.completeExceptionally(thrown);
            }
        };
        if (Thread.currentThread() == thread) {
            run.run();
            return future;
        }
        try {
            executor.execute(run);
        } catch (RejectedExecutionException closed) {
            future.completeExceptionally(new IllegalStateException("the board is gone"));
        }
        return future;
    }

    /** Does something later, on whatever thread this is called. */
    void post(Runnable task) {
        try {
            executor.execute(() -> {
                try {
                    task.run();
                } catch (Throwable thrown) {
                    LOGGER.log(System.Logger.Level.ERROR, "a change of a board failed", thrown);
                }
            });
        } catch (RejectedExecutionException closed) {
            // Nothing is left to be changed.
        }
    }

    /** {@return a task's answer} The wait cannot be interrupted: what was begun is completed. */
    <T> T call(Callable<T> task) throws Exception {
        try {
            return submit(task).join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    /** {@return whether it takes nothing any more} */
    boolean isClosed() {
        return executor.isShutdown();
    }

    @Override
    public void close() {
        executor.shutdown();
    }
}
