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
import org.openjdk.jmh.infra.ThreadParams;

/**
 * One translation alone: a TLB hit, and misses that walk four levels of stage 1, or four by four of both stages, with
 * and without the walk cache. The pages are few enough for their tables to stay in the caches of the processor. There
 * are misses of two kinds: {@code miss*} with a TLB that is too small for the pages, so that threads evict one another's
 * entries; {@code refill*} with the caches of a board, where each device drops what is cached of its own ASID after each
 * round over its pages. Each thread is a device. The heap is touched beforehand: else the host's giving of its pages is
 * measured.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
        value = 1,
        jvmArgsAppend = {"--enable-native-access=ALL-UNNAMED", "-Xms1g", "-Xmx1g", "-XX:+AlwaysPreTouch"})
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
            check(board);
            board.close();
        }

        static void check(SmmuBoard board) {
            var counts = board.smmu.statistics();
            if (counts.tlbHits() * 20 > counts.tlbMisses()) {
                throw new IllegalStateException("too many TLB hits for a benchmark of misses: " + counts);
            }
        }
    }

    /** The caches of a board. */
    @State(Scope.Benchmark)
    public static class Refilling {
        SmmuBoard board;

        /** Builds the board. */
        @Setup
        public void setUp() {
            board = new SmmuBoard(PAGES, CacheSizes.DEFAULT);
        }

        /** Frees it, after a check that there were misses. */
        @TearDown
        public void tearDown() {
            Missing.check(board);
            board.close();
        }
    }

    /** A thread's own: a device. */
    @State(Scope.Thread)
    public static class Own {
        TransactionAttributes stage1;
        TransactionAttributes nested;
        TransactionAttributes nestedBlocks;
        TransactionAttributes stage2;
        int asid;
        int vmid;
        long data;
        EpochContext context;
        SmmuBoard board;
        int at;
        int visited;

        /** Each thread is another device and begins elsewhere. */
        @Setup(Level.Trial)
        public void setUp(ThreadParams thread) {
            int device = thread.getThreadIndex() % SmmuBoard.DEVICES;
            stage1 = TransactionAttributes.ofRequester(SmmuBoard.STAGE1 + device);
            nested = TransactionAttributes.ofRequester(SmmuBoard.NESTED + device);
            nestedBlocks = TransactionAttributes.ofRequester(SmmuBoard.NESTED_BLOCKS + device);
            stage2 = TransactionAttributes.ofRequester(SmmuBoard.STAGE2 + device);
            asid = SmmuBoard.ASID + device;
            vmid = SmmuBoard.VMID_STAGE2 + device;
            data = SmmuBoard.DATA + ((long) device * PAGES << 12);
            at = (int) Thread.currentThread().threadId() * 977;
        }

        /** {@return whether each page has been visited once since the last such answer} */
        boolean isRound() {
            return (++visited & PAGES - 1) == 0;
        }

        long next() {
            return next(SmmuBoard.IOVA);
        }

        long next(long first) {
            at += 521;
            return first + ((long) (at & PAGES - 1) << 12) + 0x40;
        }
    }

    private static Translation translate(SmmuBoard board, Own own, TransactionAttributes attributes) {
        return translate(board, own, attributes, SmmuBoard.IOVA);
    }

    private static Translation translate(
            SmmuBoard board, Own own, TransactionAttributes attributes, long first) {
        if (own.context == null) {
            own.context = board.bus.epochs().context();
        }
        own.context.enter();
        try {
            return board.smmu.translate(own.context, attributes, own.next(first), AccessKind.READ);
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

    /** Four by three levels: stage 2 maps blocks. */
    @Benchmark
    public Translation missNestedBlocks(Missing missing, Own own) {
        return translate(missing.board, own, own.nestedBlocks);
    }

    /** Four levels of stage 2 alone. */
    @Benchmark
    public Translation missStage2(Missing missing, Own own) {
        return translate(missing.board, own, own.stage2, own.data);
    }

    /** Four levels, again after an invalidation of the device's ASID. */
    @Benchmark
    public Translation refillStage1(Refilling refilling, Own own) {
        if (own.isRound()) {
            refilling.board.smmu.invalidation().tlbOfAsid(0, own.asid);
        }
        return translate(refilling.board, own, own.stage1);
    }

    /** Four by four levels, again after an invalidation of the device's ASID. */
    @Benchmark
    public Translation refillNested(Refilling refilling, Own own) {
        if (own.isRound()) {
            refilling.board.smmu.invalidation().tlbOfAsid(SmmuBoard.VMID, own.asid);
        }
        return translate(refilling.board, own, own.nested);
    }

    /** Four by three levels, again after an invalidation of the device's ASID. */
    @Benchmark
    public Translation refillNestedBlocks(Refilling refilling, Own own) {
        if (own.isRound()) {
            refilling.board.smmu.invalidation().tlbOfAsid(SmmuBoard.VMID_BLOCKS, own.asid);
        }
        return translate(refilling.board, own, own.nestedBlocks);
    }

    /** Four levels of stage 2 alone, again after an invalidation of the device's VMID. */
    @Benchmark
    public Translation refillStage2(Refilling refilling, Own own) {
        if (own.isRound()) {
            refilling.board.smmu.invalidation().tlbOfVmid(own.vmid);
        }
        return translate(refilling.board, own, own.stage2, own.data);
    }
}
