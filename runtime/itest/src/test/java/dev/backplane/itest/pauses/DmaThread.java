package dev.backplane.itest.pauses;

import dev.backplane.board.Board;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.pci.Bdf;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** A thread that writes 64 bytes again and again as the NVMe controller of the captured guest, translated. */
final class DmaThread {
    private static final Bdf FUNCTION = new Bdf(0, 1, 0);
    private static final long IOVA = 0xFFFF_D000L;
    private static final int BYTES = 64;

    private final Board board;
    private final long address;
    private final long gapNanos;
    private final Thread thread;
    private volatile boolean stop;
    private volatile String failure = "";
    private volatile long accesses;
    private volatile long longest;

    DmaThread(Board board, int number, long gapMicros) {
        this.board = board;
        address = IOVA + number * 256L;
        gapNanos = gapMicros * 1_000;
        thread = Thread.ofPlatform().name("dma-" + number).start(this::run);
    }

    private void run() {
        DmaPort port = board.pci().requesterPort("pauses", FUNCTION);
        TransactionContext context = board.epochs().context();
        MemorySegment data = Arena.ofAuto().allocate(BYTES);
        while (!stop) {
            long start = System.nanoTime();
            TransactionResult result = port.write(context, address, data, 0, BYTES);
            if (result instanceof Pending(var ticket)) {
                var ended = new CountDownLatch(1);
                ticket.whenDone((_, end) -> {
                    check(end);
                    ended.countDown();
                });
                try {
                    ended.await();
                } catch (InterruptedException e) {
                    return;
                }
            } else {
                check(result);
            }
            long nanos = System.nanoTime() - start;
            if (nanos > longest) {
                longest = nanos;
            }
            accesses++; // written by this thread only
            if (gapNanos > 0) {
                LockSupport.parkNanos(gapNanos);
            }
        }
    }

    private void check(TransactionResult result) {
        if (!result.isDone()) {
            failure = "a write of StreamID 0x8 at 0x%x ended as %s".formatted(address, result);
        }
    }

    long accesses() {
        return accesses;
    }

    /** {@return the longest access since the last call, in nanoseconds} */
    long takeLongest() {
        long taken = longest;
        longest = 0;
        return taken;
    }

    void end() throws InterruptedException {
        stop = true;
        thread.join();
        if (!failure.isEmpty()) {
            throw new IllegalStateException(failure);
        }
    }
}
