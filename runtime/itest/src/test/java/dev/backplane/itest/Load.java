package dev.backplane.itest;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;

/** Threads that do one thing after another until they are told to stop, or one of them fails. */
final class Load implements AutoCloseable {
    private final AtomicBoolean stop = new AtomicBoolean();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private final List<Worker> workers = new ArrayList<>();

    /** Something that is done again and again. */
    @FunctionalInterface
    interface Work {
        /** Does it. */
        void once(long number) throws Exception;
    }

    /** A thread of the load. */
    final class Worker {
        private final AtomicLong done = new AtomicLong();
        private final Thread thread;

        private Worker(String name, Work work) {
            thread = Thread.ofPlatform().name("load-" + name).start(() -> {
                try {
                    while (!stop.get() && failure.get() == null) {
                        work.once(done.get());
                        done.incrementAndGet();
                    }
                } catch (Throwable thrown) {
                    failure.compareAndSet(null, thrown);
                }
            });
        }

        /** {@return how often it was done} */
        long done() {
            return done.get();
        }
    }

    Worker start(String name, Work work) {
        var worker = new Worker(name, work);
        workers.add(worker);
        return worker;
    }

    boolean isHealthy() {
        return failure.get() == null;
    }

    /** Waits until each has got on. */
    void awaitProgress(int times) {
        List<Long> before = workers.stream().map(Worker::done).toList();
        Awaitility.await().atMost(Duration.ofSeconds(120)).until(() -> {
            for (int i = 0; i < before.size(); i++) {
                if (workers.get(i).done() < before.get(i) + times) {
                    return failure.get() != null;
                }
            }
            return true;
        });
        rethrow();
    }

    private void rethrow() {
        if (failure.get() != null) {
            throw new AssertionError("under load: " + failure.get().getMessage(), failure.get());
        }
    }

    /** Ends all threads; throws what one of them failed with. */
    void finish() throws InterruptedException {
        close();
        rethrow();
        for (Worker worker : workers) {
            if (worker.thread.isAlive()) {
                throw new AssertionError(worker.thread.getName() + " does not end");
            }
        }
    }

    @Override
    public void close() throws InterruptedException {
        stop.set(true);
        for (Worker worker : workers) {
            worker.thread.join(Duration.ofSeconds(90));
        }
    }
}
