package dev.backplane.core.slot;

import dev.backplane.board.PlugException;
import dev.backplane.core.memory.Rendered;
import dev.backplane.device.RealizeException;
import dev.backplane.device.RestoreException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The thread on which one procedure of the slot engine calls the code of bundles, each call with a deadline. It is made
 * for the procedure and ends with it, so that nothing a bundle leaves in a thread (thread-locals, a class loader)
 * stays. A call that does not return is given up: the thread is interrupted and left alone, later calls get another.
 * Used by one thread at a time.
 */
public final class ModelThread implements AutoCloseable {

    /**
     * A call into a bundle.
     *
     * @param <T> its result
     */
    @FunctionalInterface
    public interface Call<T> {
        /**
         * Makes the call.
         *
         * @param steps to be told what comes next, for calls of several steps
         * @return the result
         * @throws Exception whatever the bundle throws
         */
        T run(Steps steps) throws Exception;
    }

    /** What a call of several steps tells of its progress. */
    public interface Steps {
        /**
         * Names the next step and gives it a deadline of its own.
         *
         * @throws GivenUp if the call was given up meanwhile; it must change nothing any more
         */
        void next(String step);
    }

    /** The call went on too long; nobody waits for it any more. */
    static final class GivenUp extends RuntimeException {
        private static final long serialVersionUID = 1L;

        GivenUp() {
            super("given up", null, false, false);
        }
    }

    private static final int SPINS = 2_000;

    private final String name;
    private final Deadline deadline;
    private Worker worker;

    /**
     * Makes one; the thread starts with the first call.
     *
     * @param name for the name of the thread
     * @param deadline how long a step may take
     */
    public ModelThread(String name, Deadline deadline) {
        this.name = name;
        this.deadline = deadline;
    }

    /**
     * Makes a call and waits for it.
     *
     * @param step what the call does, for messages
     * @return its result
     * @throws ModelFailure if it threw, or did not return in time
     */
    public <T> T call(String step, Call<T> call) throws ModelFailure {
        if (worker == null) {
            worker = new Worker(name);
            worker.start();
        }
        var task = new Task<>(call, step, Thread.currentThread());
        worker.put(task);
        if (!task.await(deadline)) {
            worker.interrupt();
            worker = null;
            throw ModelFailure.hung(task.step, deadline.millis());
        }
        return task.result();
    }

    /** Makes a call without a result. */
    public void run(String step, Procedure procedure) throws ModelFailure {
        call(step, steps -> {
            procedure.run();
            return null;
        });
    }

    /** A call without a result. */
    @FunctionalInterface
    public interface Procedure {
        /** Makes the call. */
        void run() throws Exception;
    }

    /** Ends the thread. */
    @Override
    public void close() {
        if (worker != null) {
            worker.put(null);
            worker = null;
        }
    }

    /** The thread; it takes tasks one by one until it gets none. */
    private static final class Worker extends Thread {
        private static final Runnable END = () -> {};
        private final SynchronousQueue<Runnable> tasks = new SynchronousQueue<>();

        Worker(String name) {
            super(null, null, "backplane-model-" + name, 0, false);
            setDaemon(true);
            setContextClassLoader(ModelThread.class.getClassLoader());
        }

        void put(Runnable task) {
            boolean interrupted = false;
            while (true) {
                try {
                    tasks.put(task == null ? END : task);
                    break;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public void run() {
            for (Runnable task = take(); task != END; task = take()) {
                task.run();
                if (((Task<?>) task).isGivenUp()) {
                    return;
                }
            }
        }

        private Runnable take() {
            while (true) {
                try {
                    return tasks.take();
                } catch (InterruptedException e) {
                    // A bundle interrupted a thread that is not its own; the next call is none of its business.
                }
            }
        }
    }

    /** One call on its way; its monitor decides between its end and its being given up. */
    private static final class Task<T> implements Runnable, Steps {
        private final Call<T> call;
        private final Thread caller;
        private volatile String step;
        private volatile long stepStart = System.nanoTime();
        private volatile boolean done;
        private boolean givenUp;
        private T result;
        private String failure;

        Task(Call<T> call, String step, Thread caller) {
            this.call = call;
            this.step = step;
            this.caller = caller;
        }

        @Override
        public synchronized void next(String nextStep) {
            if (givenUp) {
                throw new GivenUp();
            }
            step = nextStep;
            stepStart = System.nanoTime();
        }

        @Override
        public void run() {
            T value = null;
            String text = null;
            try {
                value = call.run(this);
            } catch (ModelFailure failed) {
                text = failed.getMessage();
            } catch (RealizeException | RestoreException | PlugException | IllegalArgumentException refusal) {
                text = refusal.getMessage() == null ? Rendered.text(refusal) : step + ": " + refusal.getMessage();
            } catch (Throwable thrown) {
                text = step + ": " + Rendered.text(thrown);
            }
            synchronized (this) {
                if (givenUp) {
                    return;
                }
                result = value;
                failure = text;
                done = true;
            }
            LockSupport.unpark(caller);
        }

        synchronized boolean isGivenUp() {
            return givenUp;
        }

        boolean await(Deadline deadline) {
            for (int spin = 0; spin < SPINS && !done; spin++) {
                Thread.onSpinWait();
            }
            boolean interrupted = false;
            while (!done) {
                long left = deadline.left(stepStart);
                if (left > 0) {
                    LockSupport.parkNanos(this, Math.min(left, TimeUnit.MILLISECONDS.toNanos(100)));
                    interrupted |= Thread.interrupted();
                    continue;
                }
                synchronized (this) {
                    // A step may have ended between the look at the time and here.
                    if (!done && deadline.left(stepStart) <= 0) {
                        givenUp = true;
                        break;
                    }
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return done;
        }

        T result() throws ModelFailure {
            if (failure != null) {
                throw ModelFailure.of(failure);
            }
            return result;
        }
    }
}
