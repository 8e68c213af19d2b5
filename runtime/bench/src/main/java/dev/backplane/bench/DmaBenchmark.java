package dev.backplane.bench;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DmaRoute;
import dev.backplane.core.memory.SystemBus;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.Arena;
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

/** DMA through the core without an IOMMU, beside a bare copy of the same bytes. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class DmaBenchmark {
    private static final long RAM = 0x4000_0000L;
    private static final int RAM_SIZE = 1 << 20;

    /** A bus with a megabyte of RAM, small enough to stay in the second-level cache. */
    @State(Scope.Benchmark)
    public static class Machine {
        @Param({"8", "64", "4096"})
        int length;

        SystemBus bus;
        DmaPort port;
        MemorySegment bare;

        /** Builds the bus. */
        @Setup
        public void setUp() {
            bus = new SystemBus(new EpochDomain());
            bus.addRam(new RamBank("ram", RAM, RAM_SIZE, ""));
            port = bus.port(new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8)));
            bare = Arena.global().allocate(RAM_SIZE, 4096);
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            bus.close();
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
            context = machine.bus.epochs().context();
        }

        int next() {
            at = at + 4096 + 64 & RAM_SIZE - 8192;
            return at;
        }
    }

    /** A block write of the device. */
    @Benchmark
    public TransactionResult dmaWrite(Machine machine, Own own) {
        return machine.port.write(own.context, RAM + own.next(), own.buffer, 0, machine.length);
    }

    /** A block read of the device. */
    @Benchmark
    public TransactionResult dmaRead(Machine machine, Own own) {
        return machine.port.read(own.context, RAM + own.next(), own.buffer, 0, machine.length);
    }

    /** The same bytes copied by nothing but the JDK: the limit. */
    @Benchmark
    public MemorySegment bareCopy(Machine machine, Own own) {
        MemorySegment.copy(own.buffer, 0, machine.bare, own.next(), machine.length);
        return machine.bare;
    }
}
