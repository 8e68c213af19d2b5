package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.translate.CacheSizes;
import dev.backplane.smmuv3.translate.TlbRange;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Invalidations of a TLB that holds a number of entries, each alone: the TLB is filled again before each. */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 1500)
@Measurement(iterations = 200)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class SmmuInvalidationBenchmark {

    /** A full TLB. */
    @State(Scope.Benchmark)
    public static class Filled {
        @Param({"1", "1024", "65536"})
        int entries;

        SmmuBoard board;

        /** Builds the board. */
        @Setup
        public void setUp() {
            board = new SmmuBoard(entries, CacheSizes.DEFAULT);
        }

        /** Fills the TLB. */
        @Setup(Level.Invocation)
        public void fill() {
            EpochContext context = board.bus.epochs().context();
            var attributes = TransactionAttributes.ofRequester(SmmuBoard.STAGE1);
            context.enter();
            for (int page = 0; page < entries; page++) {
                board.smmu.translate(context, attributes, SmmuBoard.IOVA + ((long) page << 12), AccessKind.READ);
            }
            context.exit();
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            board.close();
        }
    }

    /** CMD_TLBI_NSNH_ALL. */
    @Benchmark
    public void all(Filled filled) {
        filled.board.smmu.invalidation().tlb();
    }

    /** CMD_TLBI_NH_ASID. */
    @Benchmark
    public void asid(Filled filled) {
        filled.board.smmu.invalidation().tlbOfAsid(0, 1);
    }

    /** CMD_TLBI_NH_VA of one page, last level only. */
    @Benchmark
    public void page(Filled filled) {
        filled.board.smmu.invalidation().tlbOfVa(0, 1, TlbRange.single(SmmuBoard.IOVA, true));
    }

    /** CMD_TLBI_NH_VA of a range that names all entries. */
    @Benchmark
    public void range(Filled filled) {
        long bytes = (long) filled.entries << 12;
        filled.board.smmu.invalidation().tlbOfVa(
                0, 1, new TlbRange(SmmuBoard.IOVA, SmmuBoard.IOVA + bytes - 1, true));
    }

    /** CMD_CFGI_STE, then the configuration is fetched again with the next fill. */
    @Benchmark
    public void configuration(Filled filled) {
        filled.board.smmu.invalidation().streamTableEntry(SmmuBoard.STAGE1);
    }
}
