package dev.backplane.bench;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.translate.CacheSizes;
import java.lang.foreign.MemorySegment;
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

/**
 * One translation alone: a TLB hit, and misses that walk four levels of stage 1, or four by four of both stages, with
 * and without the walk cache. The pages are few enough for their tables to stay in the caches of the processor; the TLB
 * that misses is too small for them.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED"})
public class SmmuTranslationBenchmark {
    /** Spread over four last-level tables, in an order that skips about. */
    private static final int PAGES = 2048;

    /** A TLB that holds all pages. */
    @State(Scope.Benchmark)
    public static class Hitting {
        SmmuBoard board;
        MemorySegment tables;
        DmaPort port;

        /** Builds the board; the warm-up fills the TLB. */
        @Setup
        public void setUp() {
            board = new SmmuBoard(PAGES, CacheSizes.DEFAULT);
            tables = board.tables();
            port = board.direct();
        }

        /** Frees it. */
        @TearDown
        public void tearDown() {
            board.close();
        }
    }

    /** A TLB that holds next to none. */
    @State(Scope.Benchmark)
    public static class Missing {
        @Param({"on", "off"})
        String walkCache;

        SmmuBoard board;

        /** Builds the board. */
        @Setup
        public void setUp() {
            board = new SmmuBoard(PAGES, new CacheSizes(5, walkCache.equals("on") ? 12 : 0));
        }

        /** Frees it, after a check that there were misses. */
        @TearDown
        public void tearDown() {
            var counts = board.smmu.statistics();
            if (counts.tlbHits() * 20 > counts.tlbMisses()) {
                throw new IllegalStateException("too many TLB hits for a benchmark of misses: " + counts);
            }
            board.close();
        }
    }

    /** A thread's own. */
    @State(Scope.Thread)
    public static class Own {
        final TransactionAttributes stage1 = TransactionAttributes.ofRequester(SmmuBoard.STAGE1);
        final TransactionAttributes nested = TransactionAttributes.ofRequester(SmmuBoard.NESTED);
        EpochContext context;
        SmmuBoard board;
        int at;

        /** Each thread begins elsewhere. */
        @Setup(Level.Trial)
        public void setUp() {
            at = (int) Thread.currentThread().threadId() * 977;
        }

        long next() {
            at += 521;
            return SmmuBoard.IOVA + ((long) (at & PAGES - 1) << 12) + 0x40;
        }
    }

    private static Translation translate(SmmuBoard board, Own own, TransactionAttributes attributes) {
        if (own.context == null) {
            own.context = board.bus.epochs().context();
        }
        own.context.enter();
        try {
            return board.smmu.translate(own.context, attributes, own.next(), AccessKind.READ);
        } finally {
            own.context.exit();
        }
    }

    /** What surrounds the others: an epoch and the next address. */
    @Benchmark
    public long nothing(Hitting hitting, Own own) {
        if (own.context == null) {
            own.context = hitting.board.bus.epochs().context();
        }
        own.context.enter();
        try {
            return own.next();
        } finally {
            own.context.exit();
        }
    }

    /** Four dependent loads of the same descriptors and nothing else: the limit of a walk. */
    @Benchmark
    public long bareWalk(Hitting hitting, Own own) {
        return SmmuBoard.bareWalk(hitting.tables, own.next());
    }

    /** One table descriptor loaded through the core: what each level of a walk pays at least. */
    @Benchmark
    public long loadDescriptor(Hitting hitting, Own own) {
        if (own.context == null) {
            own.context = hitting.board.bus.epochs().context();
        }
        own.context.enter();
        try {
            hitting.port.load64(own.context, SmmuBoard.DATA + (own.next() & 0xF_FFF8));
            return own.context.data();
        } finally {
            own.context.exit();
        }
    }

    /** The TLB knows the page. */
    @Benchmark
    public Translation hit(Hitting hitting, Own own) {
        return translate(hitting.board, own, own.stage1);
    }

    /** Four levels. */
    @Benchmark
    public Translation missStage1(Missing missing, Own own) {
        return translate(missing.board, own, own.stage1);
    }

    /** Four by four levels. */
    @Benchmark
    public Translation missNested(Missing missing, Own own) {
        return translate(missing.board, own, own.nested);
    }
}
