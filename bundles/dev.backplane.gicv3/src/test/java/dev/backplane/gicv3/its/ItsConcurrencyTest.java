package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.gicv3.fake.Guest;
import dev.backplane.irq.CpuInterface;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Messages, commands and processors at the same time. */
@Timeout(60)
class ItsConcurrencyTest {
    private static final int MESSAGES = 20_000;
    private static final int DEVICE = 0x40;

    private final ExecutorService threads = Executors.newFixedThreadPool(2);

    @AfterEach
    void stopThreads() {
        threads.shutdownNow();
    }

    @Test
    void noInterruptIsLostOrInventedWhileItsEventMoves() {
        var guest = new Guest(2).withLpis().withIts();
        guest.wake(0);
        guest.wake(1);
        guest.mapc(0, 0, true);
        guest.mapc(1, 1, true);
        guest.mapd(DEVICE, Guest.ITT, 2, true);
        guest.mapti(DEVICE, 1, 8200, 0);
        var transactions = new ReentrantReadWriteLock();
        guest.board.onSynchronize(() -> {
            transactions.writeLock().lock();
            transactions.writeLock().unlock();
        });
        var acknowledged = new AtomicLong();
        var sent = new AtomicLong();

        var device = CompletableFuture.runAsync(() -> {
            for (int i = 0; i < MESSAGES; i++) {
                transactions.readLock().lock();
                try {
                    sent.incrementAndGet();
                    guest.msi(DEVICE, 1);
                } finally {
                    transactions.readLock().unlock();
                }
                while (acknowledged.get() <= i && !Thread.currentThread().isInterrupted()) {
                    Thread.onSpinWait();
                }
            }
        }, threads);
        var processors = CompletableFuture.runAsync(() -> {
            var context = guest.gicBoard.context();
            while (!device.isDone()) {
                for (int processor = 0; processor < 2; processor++) {
                    int intid = guest.gic.acknowledge(context, processor, 1);
                    if (intid != CpuInterface.SPURIOUS) {
                        guest.gic.endOfInterrupt(context, processor, 1, intid);
                        acknowledged.incrementAndGet();
                    }
                }
            }
        }, threads);
        int moves = 0;
        while (!device.isDone() && !Thread.currentThread().isInterrupted()) {
            guest.movi(DEVICE, 1, ++moves & 1);
        }
        device.join();
        processors.join();

        assertThat(acknowledged.get()).isEqualTo(MESSAGES).isEqualTo(sent.get());
        assertThat(guest.pending()).isEmpty();
        assertThat(moves).isPositive();
        assertThat(guest.board.messages()).isEmpty();
    }

    @Test
    void commandsOfTwoThreadsAreAllExecuted() {
        var guest = new Guest(1, 16, 0).withLpis().withIts();
        guest.mapc(0, 0, true);
        guest.mapd(DEVICE, Guest.ITT, 12, true);
        int first = guest.tail();
        for (int event = 0; event < 1500; event++) {
            guest.queue((long) DEVICE << 32 | 0x0A, (8192L + event) << 32 | event, 0, 0);
        }
        int last = guest.tail();
        var next = new AtomicLong(first);
        Runnable submitter = () -> {
            for (long tail = next.addAndGet(32); tail <= last; tail = next.addAndGet(32)) {
                guest.its(0x88, 8, tail);
            }
        };
        CompletableFuture.allOf(
                        CompletableFuture.runAsync(submitter, threads), CompletableFuture.runAsync(submitter, threads))
                .join();
        guest.its(0x88, 8, last);
        assertThat(guest.its(0x90)).isEqualTo(last);
        assertThat(guest.its.devices().children().getFirst().children()).hasSize(1500);
    }
}
