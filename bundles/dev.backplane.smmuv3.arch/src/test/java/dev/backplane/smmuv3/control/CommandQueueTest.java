package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** IHI 0070 chapters 3.5, 4 and 7.1. */
class CommandQueueTest {
    private static final int NSNH_ALL = 0x30;
    private static final int SYNC = 0x46;
    private static final int ILL = 1;
    private static final int ABT = 2;

    private final Bench bench = new Bench().withQueues(3, 3);

    /**
     * QEMU consumes 0x18 to 0x23, 0x40, 0x41, 0x44 and 0x45 silently, prefetches with SSec = 1 too, and takes CS = 3 for
     * SIG_IRQ.
     */
    @ParameterizedTest(name = "{0} with {1}")
    @CsvSource({
        // low word, stages, whether it is legal
        "0x00, nested, false", "0x01, nested, true", "0x02, nested, true", "0x03, nested, true",
        "0x04, nested, true", "0x05, nested, true", "0x06, nested, true", "0x07, nested, false",
        "0x08, nested, false", "0x10, nested, true", "0x11, nested, true", "0x12, nested, true",
        "0x13, nested, true", "0x18, nested, false", "0x1A, nested, false", "0x20, nested, false",
        "0x21, nested, false", "0x22, nested, false", "0x23, nested, false", "0x28, nested, true",
        "0x2A, nested, true", "0x30, nested, true", "0x40, nested, false", "0x41, nested, false",
        "0x44, nested, false", "0x45, nested, false", "0x46, nested, true", "0x50, nested, false",
        "0x51, nested, false", "0x52, nested, false", "0x53, nested, false", "0x58, nested, false",
        "0x5A, nested, false", "0x60, nested, false", "0x70, nested, false", "0x73, nested, false",
        "0xFF, nested, false",
        // 4.4.2, 4.4.3: stage-1 invalidation needs stage 1, stage-2 invalidation stage 2
        "0x10, 2, false", "0x11, 2, false", "0x12, 2, false", "0x13, 2, false", "0x30, 2, true", "0x28, 2, true",
        "0x28, 1, false", "0x2A, 1, false", "0x10, 1, true", "0x12, 1, true", "0x30, 1, true",
        // 4.1.6: SSec is 0 in a non-secure queue
        "0x401, nested, false", "0x402, nested, false", "0x403, nested, false", "0x404, nested, false",
        "0x405, nested, false", "0x406, nested, false", "0x430, nested, true",
        // 4.7.3: CS = 3 is reserved
        "0x1046, nested, true", "0x2046, nested, true", "0x3046, nested, false",
    })
    void isLegalOrNot(String command, String stages, boolean legal) {
        var options = new SmmuOptions(!stages.equals("2"), !stages.equals("1"), 44, true,
                SmmuOptions.DEFAULT.granules(), 16, 19, 19);
        var smmu = new Bench(IdentityProfile.FULL.identity(options)).withQueues(3, 3);
        smmu.command(0, NSNH_ALL, 0);
        smmu.command(1, Long.decode(command), 0);
        smmu.write(CMDQ_PROD, 2);
        assertThat(smmu.read(CMDQ_CONS)).isEqualTo(legal ? 2 : ILL << 24 | 1);
        assertThat(smmu.activeErrors()).isEqualTo(legal ? 0 : 1);
        assertThat(smmu.pulses.contains("gerror")).isEqualTo(!legal);
    }

    /** 4.4.1.1: a granule that neither a range nor a level uses is CERROR_ILL; QEMU drops the granule. */
    @ParameterizedTest(name = "{0} TG {1} NUM {2} SCALE {3} TTL {4}, RIL {5}")
    @CsvSource({
        "0x12, 0, 0, 0, 0, true, true", "0x12, 1, 0, 0, 0, true, false", "0x13, 2, 0, 0, 0, true, false",
        "0x2A, 3, 0, 0, 0, true, false", "0x12, 1, 1, 0, 0, true, true", "0x13, 1, 0, 1, 0, true, true",
        "0x12, 1, 0, 0, 1, true, true", "0x2A, 1, 0, 0, 3, true, true", "0x12, 3, 0, 0, 1, true, true",
        // Level 1 has no blocks with 16 KiB without DS: the value is taken for 0.
        "0x12, 2, 0, 0, 1, true, false", "0x2A, 2, 3, 0, 1, true, true", "0x13, 2, 0, 0, 2, true, true",
        // Without RIL the fields are RES0, and ignored.
        "0x12, 1, 0, 0, 0, false, true", "0x2A, 3, 0, 0, 0, false, true", "0x12, 2, 0, 0, 1, false, true",
    })
    void aGranuleNeedsARangeOrALevel(String opcode, int tg, int num, int scale, int ttl, boolean ril, boolean legal) {
        var options = new SmmuOptions(true, true, 44, ril, SmmuOptions.DEFAULT.granules(), 16, 19, 19);
        var smmu = new Bench(IdentityProfile.VIRT_11_1.identity(options)).withQueues(3, 3);
        smmu.command(0, Long.decode(opcode) | num << 12 | scale << 20, 0x4000_0000L | ttl << 8 | tg << 10);
        smmu.write(CMDQ_PROD, 1);
        assertThat(smmu.read(CMDQ_CONS)).isEqualTo(legal ? 1 : ILL << 24);
    }

    @Test
    void stopsAtAnIllegalCommandUntilTheErrorIsAcknowledged() {
        bench.command(0, NSNH_ALL, 0);
        bench.command(1, 0xFF, 0);
        bench.command(2, SYNC, 0);
        bench.write(CMDQ_PROD, 3);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(ILL << 24 | 1);
        bench.write(CMDQ_PROD, 4);
        assertThat(bench.read(CMDQ_CONS)).as("stopped").isEqualTo(ILL << 24 | 1);
        bench.command(1, SYNC, 0);
        bench.command(3, NSNH_ALL, 0);
        bench.write(GERRORN, bench.read(GERROR));
        assertThat(bench.read(CMDQ_CONS) & 0xFFFFF).isEqualTo(4);
        assertThat(bench.activeErrors()).isZero();
    }

    @Test
    void abortsOnAnUnreadableCommand() {
        bench.command(0, NSNH_ALL, 0);
        bench.memory.abortsFrom(COMMANDS + 16);
        bench.write(CMDQ_PROD, 2);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(ABT << 24 | 1);
        assertThat(bench.pulses).containsExactly("gerror");
        bench.write(GERRORN, 1);
        assertThat(bench.activeErrors()).as("tried again, aborted again").isEqualTo(1);
        assertThat(bench.pulses).containsExactly("gerror", "gerror");
    }

    @Test
    void aRefusalOfTheBackendIsAnIllegalCommand() {
        bench.onCommand = (code, command) -> code != CommandCode.CFGI_STE;
        bench.command(0, 3, 0);
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(ILL << 24);
    }

    @Test
    void noErrorInterruptWhileItIsDisabled() {
        bench.write(IRQ_CTRL, 0);
        bench.command(0, 0xFF, 0);
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.activeErrors()).isEqualTo(1);
        assertThat(bench.pulses).isEmpty();
    }

    @Test
    void syncWaitsForAGracePeriodAndThenSignals() {
        bench.onSynchronize = () -> {
            assertThat(bench.read(CMDQ_CONS)).isZero();
            assertThat(bench.pulses).isEmpty();
        };
        bench.calls.clear();
        bench.command(0, 0x1046, 0);
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.calls).containsExactly("SYNC", "synchronize");
        assertThat(bench.pulses).containsExactly("cmdq-sync");
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(1);
    }

    @ParameterizedTest(name = "CS = {0}")
    @CsvSource({"0x0046", "0x2046"})
    void syncWithoutInterruptOnlyCompletes(String command) {
        bench.command(0, Long.decode(command), 0);
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.pulses).isEmpty();
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(1);
    }

    @Test
    void wrapsAroundTheRing() {
        for (int round = 0; round < 40; round++) {
            bench.command(round % 8, NSNH_ALL, 0);
            bench.write(CMDQ_PROD, round + 1 & 15);
            assertThat(bench.read(CMDQ_CONS)).isEqualTo(round + 1 & 15);
        }
        assertThat(bench.calls.stream().filter("TLBI_NSNH_ALL"::equals)).hasSize(40);
    }

    @Test
    void waitsWhileDisabledAndStartsWhenEnabled() {
        bench.write(CR0, 0);
        bench.write(CMDQ_CONS, 6);
        bench.write(CMDQ_PROD, 9);
        for (int entry = 0; entry < 8; entry++) {
            bench.command(entry, NSNH_ALL, 0);
        }
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(6);
        bench.write(CR0, CMDQEN);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(9);
    }

    @Test
    void anOtherBaseIsUsedAfterDisabling() {
        bench.write(CR0, 0);
        bench.write(CMDQ_BASE, 8, 0x50_0003);
        bench.memory.put(0x50_0000, SYNC);
        bench.write(CR0, CMDQEN);
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.calls).contains("SYNC");
    }

    @Test
    void aBaseIsAlignedToTheSizeOfTheQueue() {
        assertThat(QueueGeometry.of(0x40FF_0000_1234_5FEAL, 19, 16).base()).isEqualTo(0x00FF_0000_1234_4000L);
        assertThat(QueueGeometry.of(0x12E0, 19, 16).base()).isEqualTo(0x12E0);
        assertThat(QueueGeometry.of(0x1F, 5, 16).log2size()).as("at most CMDQS").isEqualTo(5);
    }

    @Test
    void clearingCmdqenIsAcknowledgedAfterTheCommandUnderWay() {
        bench.onCommand = (code, command) -> {
            bench.write(CR0, EVENTQEN);
            assertThat(bench.read(CR0ACK)).isEqualTo(EVENTQEN | CMDQEN);
            bench.write(CMDQ_BASE, 8, 0);
            assertThat(bench.control.read(CMDQ_BASE, 8)).as("still locked").isEqualTo(COMMANDS | 3);
            return true;
        };
        bench.command(0, NSNH_ALL, 0);
        bench.command(1, NSNH_ALL, 0);
        bench.write(CMDQ_PROD, 2);
        assertThat(bench.read(CR0ACK)).isEqualTo(EVENTQEN);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(1);
    }

    @Test
    void aBrokenBackendLeavesTheQueueUsable() {
        bench.onCommand = (code, command) -> {
            throw new IllegalStateException("broken");
        };
        bench.command(0, NSNH_ALL, 0);
        try {
            bench.write(CMDQ_PROD, 1);
        } catch (IllegalStateException e) {
            assertThat(e).hasMessage("broken");
        }
        bench.onCommand = (code, command) -> true;
        bench.write(CMDQ_PROD, 1);
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(1);
    }

    /** The thread that waits for PROD's writers in a CMD_SYNC must not be waited for by them. */
    @Test
    void aWriterNeverWaitsForASyncThatWaitsForIt() throws InterruptedException {
        var inSync = new CountDownLatch(1);
        var written = new CountDownLatch(1);
        bench.onSynchronize = () -> {
            inSync.countDown();
            await(written);
        };
        bench.command(0, SYNC, 0);
        bench.command(1, NSNH_ALL, 0);
        Thread first = Thread.ofPlatform().start(() -> bench.write(CMDQ_PROD, 1));
        await(inSync);
        bench.write(CMDQ_PROD, 2);
        written.countDown();
        first.join();
        assertThat(bench.read(CMDQ_CONS)).isEqualTo(2);
        assertThat(bench.calls).containsSubsequence("SYNC", "TLBI_NSNH_ALL");
    }

    @Test
    void concurrentWritersGetEveryCommandExecutedOnceAndInOrder() throws InterruptedException {
        int commands = 20_000;
        var smmu = new Bench().withQueues(10, 3);
        var expected = new AtomicInteger();
        var wrong = new AtomicInteger();
        smmu.onCommand = (code, command) -> {
            if (command.low() >>> 32 != expected.getAndIncrement()) {
                wrong.incrementAndGet();
            }
            return true;
        };
        var produced = new AtomicInteger();
        var queueLock = new Object();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (int thread = 0; thread < 4; thread++) {
                threads.execute(() -> produce(smmu, produced, commands, queueLock));
            }
        }
        assertThat(wrong).hasValue(0);
        assertThat(expected).hasValue(commands);
        assertThat(smmu.read(CMDQ_CONS)).isEqualTo(commands & 2047);
    }

    private static void produce(Bench smmu, AtomicInteger produced, int commands, Object queueLock) {
        while (true) {
            synchronized (queueLock) {
                int next = produced.get();
                if (next == commands) {
                    return;
                }
                if ((next - smmu.read(CMDQ_CONS) & 2047) == 1024) {
                    continue;
                }
                smmu.command(next & 1023, (long) next << 32 | 3, 0);
                produced.set(next + 1);
            }
            // Software orders its own writes of PROD: the newest value wins.
            synchronized (produced) {
                smmu.write(CMDQ_PROD, produced.get() & 2047);
            }
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
