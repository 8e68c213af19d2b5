package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.translate.Guest.Tables;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After an invalidation and a grace period no transaction uses what was dropped (IHI 0070 section 4.7.3), however fills
 * and invalidations meet. Pages are remapped to ever higher addresses; each transaction that starts after the grace
 * period of a remap must see it or a later one.
 */
class StaleTranslationTest {
    private static final int DMA_THREADS = 2;
    private static final int PAGES = 16;
    private static final int REMAPS = Integer.getInteger("smmu.remaps", 4000);
    private static final int SID = 5;
    private static final int OTHER_PAGES = 16_384;
    private static final int OTHERS_EACH_TIME = 32;

    private final Guest guest = new Guest(Guest.VIRT);
    private final AtomicLongArray oldest = new AtomicLongArray(PAGES);
    private final AtomicIntegerArray inside = new AtomicIntegerArray(DMA_THREADS * 16);
    private final AtomicLong transactions = new AtomicLong();
    private final AtomicReference<String> stale = new AtomicReference<>();
    private final CountDownLatch begun = new CountDownLatch(DMA_THREADS);
    private volatile boolean done;
    /** Pages beside those that move, so many that the TLB grows while transactions use it; 0 for none. */
    private int others;

    @RepeatedTest(20)
    @Timeout(120)
    void norWhileTheTlbGrows() throws InterruptedException {
        others = OTHER_PAGES;
        noTransactionUsesADroppedEntry("address");
    }

    @ParameterizedTest
    @ValueSource(strings = {"address", "asid", "all", "configuration", "table"})
    @Timeout(120)
    void noTransactionUsesADroppedEntry(String how) throws InterruptedException {
        Tables tables = guest.tables(12, 39, 1);
        guest.cdAt(Guest.CD, Guest.cd(tables, 1));
        guest.ste(SID, Guest.stage1Ste(Guest.CD));
        long[] slots = new long[PAGES];
        for (int page = 0; page < PAGES; page++) {
            slots[page] = guest.map(tables, (long) page << 12, 3, PAGE);
        }
        for (int page = PAGES; page < PAGES + others; page++) {
            guest.map(tables, (long) page << 12, 3, PAGE);
        }
        long[] spare = {guest.allocate(4096), guest.allocate(4096)};
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < DMA_THREADS; i++) {
            int id = i;
            threads.add(Thread.ofPlatform().name("dma" + i).start(() -> dma(id)));
        }
        // Remaps are quick: all could be over before a DMA thread has begun.
        begun.await();
        for (long version = 1; version <= REMAPS && stale.get() == null; version++) {
            int page = (int) (version * 7 % PAGES);
            if (how.equals("table")) {
                // All pages move to a new table; the old one goes on saying what it said.
                long table = spare[(int) (version & 1)];
                for (int i = 0; i < PAGES; i++) {
                    long present = i == page ? version << 12 | PAGE : guest.memory.peek(slots[i]);
                    guest.memory.store(table + 8 * i, present);
                    slots[i] = table + 8 * i;
                }
                guest.memory.store(guest.slot(tables, 0, 2), table | 3);
            } else {
                guest.memory.store(slots[page], version << 12 | PAGE);
            }
            Invalidation invalidation = guest.smmu.invalidation();
            switch (how) {
                case "table" -> invalidation.tlbOfVa(0, 1, TlbRange.single((long) page << 12, false));
                case "address" -> invalidation.tlbOfVa(0, 1, TlbRange.single((long) page << 12, true));
                case "asid" -> invalidation.tlbOfAsid(0, 1);
                case "all" -> invalidation.tlb();
                default -> {
                    invalidation.streamTableEntry(SID);
                    invalidation.tlbOfVaAllAsids(0, TlbRange.single((long) page << 12, false));
                }
            }
            gracePeriod();
            oldest.set(page, version);
        }
        done = true;
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(stale.get()).isNull();
        assertThat(transactions.get()).isPositive();
    }

    private void dma(int id) {
        var context = new TestContext();
        var attributes = TransactionAttributes.ofRequester(SID);
        long count = 0;
        int other = 0;
        for (int page = 0; !done; page = (page + 1) % PAGES) {
            for (int i = 0; i < OTHERS_EACH_TIME && others != 0; i++) {
                other = (other + 1) % others;
                guest.smmu.translate(context, attributes, (long) (PAGES + other) << 12, AccessKind.READ);
            }
            inside.set(id * 16, 1);
            long atLeast = oldest.get(page);
            Translation answer = guest.smmu.translate(context, attributes, (long) page << 12, AccessKind.READ);
            long version = answer instanceof Translation.Mapped mapped ? mapped.output() >>> 12 : -1;
            inside.set(id * 16, 0);
            if (version < atLeast) {
                stale.compareAndSet(
                        null, "page %d: version %d after version %d was complete".formatted(page, version, atLeast));
                begun.countDown();
                return;
            }
            if (count++ == 0) {
                begun.countDown();
            }
        }
        transactions.addAndGet(count);
    }

    /** Waits until each transaction under way has ended. */
    private void gracePeriod() {
        for (int i = 0; i < DMA_THREADS; i++) {
            while (inside.get(i * 16) != 0) {
                Thread.yield();
            }
        }
    }
}
