package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionResult;
import dev.backplane.smmuv3.translate.CacheSizes;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Whole DMA transactions to scattered pages: without an SMMU, past one whose STE says bypass, and through it. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class SmmuDmaBenchmark {
    private static final int PAGES = 4096;

    /** A board with 16 MiB of pages. */
    @State(Scope.Benchmark)
    public static class Machine {
        @Param({"8", "4096"})
        int length;

        SmmuBoard board;
        DmaPort direct;
        DmaPort bypass;
        DmaPort stage1;
        DmaPort nested;

        /** Builds the board. */
        @Setup
        public void setUp() {
            board = new SmmuBoard(PAGES, CacheSizes.DEFAULT);
            direct = board.direct();
            bypass = board.port(SmmuBoard.BYPASS);
            stage1 = board.port(SmmuBoard.STAGE1);
            nested = board.port(SmmuBoard.NESTED);
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            board.close();
        }
    }

    /** A thread's own. */
    @State(Scope.Thread)
    public static class Own {
        final MemorySegment buffer = MemorySegment.ofArray(new byte[4096]);
        EpochContext context;
        int at;

        /** Registers the thread. */
        @Setup
        public void setUp(Machine machine) {
            context = machine.board.bus.epochs().context();
            at = (int) Thread.currentThread().threadId() * 1777;
        }

        long next() {
            at += 1021;
            return (long) (at & PAGES - 1) << 12;
        }
    }

    private static TransactionResult write(Machine machine, Own own, DmaPort port, long base) {
        return port.write(own.context, base + own.next(), own.buffer, 0, machine.length);
    }

    /** No SMMU. */
    @Benchmark
    public TransactionResult direct(Machine machine, Own own) {
        return write(machine, own, machine.direct, SmmuBoard.DATA);
    }

    /** STE.Config says bypass. */
    @Benchmark
    public TransactionResult bypass(Machine machine, Own own) {
        return write(machine, own, machine.bypass, SmmuBoard.DATA);
    }

    /** Stage 1. */
    @Benchmark
    public TransactionResult stage1(Machine machine, Own own) {
        return write(machine, own, machine.stage1, SmmuBoard.IOVA);
    }

    /** Both stages. */
    @Benchmark
    public TransactionResult nested(Machine machine, Own own) {
        return write(machine, own, machine.nested, SmmuBoard.IOVA);
    }
}
