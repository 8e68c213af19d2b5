package dev.backplane.smmuv3.emulated;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/**
 * While threads translate one page, its mapping moves on and on, each time with an invalidation and a CMD_SYNC (IHI
 * 0070 section 4.7.3): what a CMD_SYNC has retired is in nobody's hands any more.
 */
class StaleTranslationTest {
    private static final long STREAMS = 0x4001_0000L;
    private static final long CONTEXT = 0x4002_0000L;
    private static final long TABLE = 0x4003_0000L;
    private static final long COMMANDS = 0x4004_0000L;
    private static final long OUTPUTS = 0x5000_0000L;
    private static final int OUTPUT_PAGES = 0x1000;
    private static final long TRANSACTIONS = Long.getLong("backplane.stress.transactions", 400_000);

    private final AtomicLong retired = new AtomicLong(-1);
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicLong stale = new AtomicLong();
    private final AtomicLong wrong = new AtomicLong();

    @Test
    void noTransactionHoldsWhatACommandSyncRetired() throws Exception {
        TestBoard board = board();
        map(board, 0);
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            threads.execute(() -> remap(board));
            var first = threads.submit(() -> transact(board));
            var second = threads.submit(() -> transact(board));
            first.get();
            second.get();
            over.set(true);
        }
        assertThat(wrong).hasValue(0);
        assertThat(stale).hasValue(0);
        assertThat(retired.get()).isPositive();
    }

    /** A stage-1 stream with one table at level 3 below a chain of single entries. */
    private static TestBoard board() throws Exception {
        var board = new TestBoard(Map.of());
        board.reset();
        long ste = STREAMS + 8 * 64;
        board.memory.put(ste, CONTEXT | 0b1011);
        board.memory.put(ste + 8, 2);
        // T0SZ 25 (39 bits, start level 1), EPD1, V, IPS 48 bits, AA64, R, A, ASET, ASID 7.
        board.memory.put(CONTEXT, 25 | 1L << 30 | 1L << 31 | 5L << 32 | 0b1110_0010L << 40 | 7L << 48);
        board.memory.put(CONTEXT + 8, TABLE);
        board.memory.put(CONTEXT + 24, 0xFF);
        board.memory.put(TABLE, TABLE + 0x1000 | 3);
        board.memory.put(TABLE + 0x1000, TABLE + 0x2000 | 3);
        board.write(0x80, 8, STREAMS);
        board.write(0x88, 4, 4);
        board.write(0x90, 8, COMMANDS | 8);
        board.write(0x20, 4, 0x9);
        return board;
    }

    private static void map(TestBoard board, long version) {
        long output = OUTPUTS + (version % OUTPUT_PAGES << 12);
        board.memory.put(TABLE + 0x2000, output | 0xF43);
    }

    private void remap(TestBoard board) {
        int prod = 0;
        for (long version = 1; !over.get(); version++) {
            map(board, version);
            long entry = COMMANDS + 16 * (prod & 255);
            board.memory.put(entry, 7L << 48 | 0x12);
            board.memory.put(entry + 8, 1);
            board.memory.put(COMMANDS + 16 * (prod + 1 & 255), 0x46);
            board.memory.put(COMMANDS + 16 * (prod + 1 & 255) + 8, 0);
            prod = prod + 2 & 511;
            board.context().enter();
            board.write(0x98, 4, prod);
            board.context().exit();
            if (board.read(0x9C, 4) != prod) {
                wrong.incrementAndGet();
            }
            retired.set(version - 1);
        }
    }

    private void transact(TestBoard board) {
        DmaAddressSpace.Translating space = board.space();
        var attributes = TransactionAttributes.ofRequester(8);
        TestEpochs.Context context = board.context();
        for (long i = 0; i < TRANSACTIONS / 2; i++) {
            context.enter();
            Translation translation = space.translate(context, attributes, 0x123, AccessKind.READ);
            if (translation instanceof Translation.Mapped mapped) {
                long page = mapped.apply(0x123) - OUTPUTS >>> 12;
                // Still in the transaction: everything up to `gone` may have been given to others by now.
                long gone = retired.get();
                if (gone >= 0 && Math.floorMod(page - gone - 1, (long) OUTPUT_PAGES) >= OUTPUT_PAGES / 2) {
                    stale.incrementAndGet();
                }
            } else {
                wrong.incrementAndGet();
            }
            context.exit();
        }
    }
}
