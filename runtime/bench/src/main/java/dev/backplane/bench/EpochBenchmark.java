package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.invoke.SwitchPoint;
import java.lang.invoke.VarHandle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.concurrent.locks.StampedLock;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What it costs to enter and leave an epoch, beside other ways to guard what transactions use. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class EpochBenchmark {

    /** Shared by all threads. */
    @State(Scope.Benchmark)
    public static class Shared {
        final EpochDomain epochs = new EpochDomain();
        final AtomicLong counter = new AtomicLong();
        final StampedLock stamped = new StampedLock();
        final ReentrantReadWriteLock readWrite = new ReentrantReadWriteLock();
        volatile boolean open = true;
        MethodHandle guarded;
        long[] data = {1, 2, 3, 4, 5, 6, 7, 8};

        /** Prepares the switch point. */
        @Setup
        public void setUp() throws ReflectiveOperationException {
            var lookup = MethodHandles.lookup();
            var type = MethodType.methodType(long.class, long[].class, int.class);
            MethodHandle body = lookup.findStatic(EpochBenchmark.class, "body", type);
            guarded = new SwitchPoint().guardWithTest(body, body);
        }
    }

    /** A thread's own. */
    @State(Scope.Thread)
    public static class Own {
        EpochContext context;
        int index;

        /** Registers the thread. */
        @Setup
        public void setUp(Shared shared) {
            context = shared.epochs.context();
        }
    }

    /** What is guarded: one dependent load, as a look-up would be. */
    static long body(long[] data, int index) {
        return data[index & 7];
    }

    /** The body alone. */
    @Benchmark
    public long bodyAlone(Shared shared, Own own) {
        return body(shared.data, own.index++);
    }

    /** This project's epoch, its context passed along. */
    @Benchmark
    public long epoch(Shared shared, Own own) {
        own.context.enter();
        try {
            return body(shared.data, own.index++);
        } finally {
            own.context.exit();
        }
    }

    /** The same, nested in a transaction that is under way. */
    @Benchmark
    public long epochNested(Shared shared, Own own) {
        own.context.enter();
        own.context.enter();
        try {
            return body(shared.data, own.index++);
        } finally {
            own.context.exit();
            own.context.exit();
        }
    }

    /** The same, its context looked up in a thread-local. */
    @Benchmark
    public long epochThreadLocal(Shared shared, Own own) {
        EpochContext context = shared.epochs.context();
        context.enter();
        try {
            return body(shared.data, own.index++);
        } finally {
            context.exit();
        }
    }

    /** A volatile read and nothing that a closer could wait for. */
    @Benchmark
    public long volatileRead(Shared shared, Own own) {
        return shared.open ? body(shared.data, own.index++) : 0;
    }

    /** A switch point; invalidating it deoptimizes, and nobody knows when the old branch was left. */
    @Benchmark
    public long switchPoint(Shared shared, Own own) throws Throwable {
        return (long) shared.guarded.invokeExact(shared.data, own.index++);
    }

    /** A counter that all threads share. */
    @Benchmark
    public long sharedCounter(Shared shared, Own own) {
        shared.counter.incrementAndGet();
        try {
            return body(shared.data, own.index++);
        } finally {
            shared.counter.decrementAndGet();
        }
    }

    /** A stamped lock's read side. */
    @Benchmark
    public long stampedLock(Shared shared, Own own) {
        long stamp = shared.stamped.readLock();
        try {
            return body(shared.data, own.index++);
        } finally {
            shared.stamped.unlockRead(stamp);
        }
    }

    /** A read-write lock's read side. */
    @Benchmark
    public long readWriteLock(Shared shared, Own own) {
        shared.readWrite.readLock().lock();
        try {
            return body(shared.data, own.index++);
        } finally {
            shared.readWrite.readLock().unlock();
        }
    }

    /** A full fence alone: the limit of any sound design whose readers publish themselves. */
    @Benchmark
    public long fenceAlone(Shared shared, Own own) {
        VarHandle.fullFence();
        return body(shared.data, own.index++);
    }
}
