package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.irq.CpuInterface;
import dev.backplane.irq.LpiController;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
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

/** What a redistributor and its CPU interface take for one LPI. Interrupts per second; {@code -t 2} for two threads. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class GicBenchmark {
    private static final int PROCESSORS = 2;

    /** A board with LPIs pending before the measured one comes. */
    @State(Scope.Benchmark)
    public static class Machine {
        /** How many LPIs wait at each processor. */
        @Param({"0", "64"})
        int waiting;

        final AtomicInteger threads = new AtomicInteger();
        InterruptBoard board;

        /** Builds it. */
        @Setup
        public void setUp() {
            board = new InterruptBoard(PROCESSORS, 1);
            for (int processor = 0; processor < PROCESSORS; processor++) {
                for (int n = 0; n < waiting; n++) {
                    lpis().setPending(board.bus.epochs().context(), processor, 0x8000 + n);
                }
            }
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            board.close();
        }

        LpiController lpis() {
            return (LpiController) board.gic;
        }

        CpuInterface cpus() {
            return (CpuInterface) board.gic;
        }
    }

    /** A thread plays a processor. */
    @State(Scope.Thread)
    public static class Own {
        EpochContext context;
        LpiController lpis;
        CpuInterface cpus;
        int processor;
        private int intid = InterruptBoard.FIRST_LPI;

        /** Takes the next processor. */
        @Setup
        public void setUp(Machine machine) {
            processor = machine.threads.getAndIncrement() % PROCESSORS;
            context = machine.board.bus.epochs().context();
            lpis = machine.lpis();
            cpus = machine.cpus();
        }

        int next() {
            intid = InterruptBoard.FIRST_LPI + (intid + 1 & 1023);
            return intid;
        }
    }

    /** An LPI becomes pending. */
    @Benchmark
    public boolean setPending(Own own) {
        return own.lpis.setPending(own.context, own.processor, own.next());
    }

    /** An LPI becomes pending and its processor acknowledges and ends it. */
    @Benchmark
    public int takeAndEnd(Own own) {
        own.lpis.setPending(own.context, own.processor, own.next());
        int taken = own.cpus.acknowledge(own.context, own.processor, 1);
        if (taken == CpuInterface.SPURIOUS) {
            throw new IllegalStateException("an LPI was lost");
        }
        own.cpus.endOfInterrupt(own.context, own.processor, 1, taken);
        return taken;
    }
}
