package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * MSI write to LPI pending. Each thread is a device of its own; a message goes to the next of the device's events, so
 * that it is another pending bit than the one before. Messages per second; {@code -t 2} for two threads.
 */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class ItsBenchmark {
    private static final int PROCESSORS = 2;
    private static final int DEVICES = 32;

    /** A board whose devices have four times as many events as the ITS holds translations. */
    @State(Scope.Benchmark)
    public static class Machine {
        final AtomicInteger threads = new AtomicInteger();
        InterruptBoard board;

        /** Builds it. */
        @Setup
        public void setUp() {
            board = new InterruptBoard(PROCESSORS, DEVICES);
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            board.close();
        }
    }

    /** A thread's own: its devices are those of one processor. */
    @State(Scope.Thread)
    public static class Own {
        final TransactionAttributes[] requesters = new TransactionAttributes[DEVICES / PROCESSORS];
        int processor;
        EpochContext context;
        DmaPort port;
        LpiController gic;
        private int firstIntid;
        private int message;

        /** Takes the next processor and makes sure that the messages arrive there. */
        @Setup
        public void setUp(Machine machine) {
            processor = machine.threads.getAndIncrement() % PROCESSORS;
            context = machine.board.bus.epochs().context();
            gic = (LpiController) machine.board.gic;
            port = machine.board.port(processor);
            for (int n = 0; n < requesters.length; n++) {
                requesters[n] = TransactionAttributes.ofRequester(n * PROCESSORS + processor);
            }
            firstIntid = InterruptBoard.FIRST_LPI + processor * InterruptBoard.EVENTS;
            for (int event = 0; event < InterruptBoard.EVENTS; event++) {
                TransactionResult result = port.write(context, InterruptBoard.TRANSLATER, 4, event);
                machine.board.check(context, result, processor, firstIntid + event);
            }
        }

        /** {@return the next event of the first device} */
        int next() {
            message = message + 1 & InterruptBoard.EVENTS - 1;
            return message;
        }

        int intid(int event) {
            return firstIntid + event;
        }

        /** {@return the next message of all devices: EventID, and above it which device} */
        int nextOfAll() {
            message = message + 1 & DEVICES / PROCESSORS * InterruptBoard.EVENTS - 1;
            return message;
        }
    }

    /** The translation is cached. */
    @Benchmark
    public TransactionResult cached(Machine machine, Own own) {
        return machine.board.its.write(
                own.context, own.requesters[0], InterruptBoard.TRANSLATER_OFFSET, 4, own.next());
    }

    /** The same, and the LPI is taken again each time, so that every message is a new interrupt. */
    @Benchmark
    public boolean cachedAndTaken(Machine machine, Own own) {
        int event = own.next();
        machine.board.its.write(own.context, own.requesters[0], InterruptBoard.TRANSLATER_OFFSET, 4, event);
        return own.gic.clearPending(own.context, own.processor, own.intid(event));
    }

    /** The translation has left the cache: three tables in RAM are read. */
    @Benchmark
    public TransactionResult uncached(Machine machine, Own own) {
        int message = own.nextOfAll();
        return machine.board.its.write(
                own.context,
                own.requesters[message / InterruptBoard.EVENTS],
                InterruptBoard.TRANSLATER_OFFSET,
                4,
                message & InterruptBoard.EVENTS - 1);
    }

    /** A DMA write of a device to the doorbell, through the system bus and the gate of the ITS. */
    @Benchmark
    public TransactionResult cachedThroughTheBus(Machine machine, Own own) {
        return own.port.write(own.context, InterruptBoard.TRANSLATER, 4, own.next());
    }
}
