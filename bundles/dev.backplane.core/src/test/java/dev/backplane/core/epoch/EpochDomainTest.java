package dev.backplane.core.epoch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.lang.ref.WeakReference;
import org.junit.jupiter.api.Test;

class EpochDomainTest {
    private final EpochDomain epochs = new EpochDomain();

    @Test
    void oneThreadHasOneContext() {
        assertThat(epochs.context()).isSameAs(epochs.context());
    }

    @Test
    void nestedTransactionsLeaveWithTheOutermost() {
        EpochContext context = epochs.context();
        context.enter();
        context.enter();
        context.exit();
        assertThat(context.inside()).isTrue();
        context.exit();
        assertThat(context.inside()).isFalse();
        assertThat(epochs.transactions()).isEqualTo(1);
    }

    @Test
    void gracePeriodExceptsItsCaller() {
        EpochContext context = epochs.context();
        context.enter();
        epochs.synchronize(context);
        context.exit();
    }

    @Test
    void drainInsideATransactionIsRefusedRatherThanHanging() {
        EpochContext context = epochs.context();
        context.enter();
        assertThatThrownBy(epochs::drain).isInstanceOf(IllegalStateException.class).hasMessageContaining("synchronize");
        context.exit();
    }

    @Test
    void gracePeriodWaitsForATransactionThatHadEntered() throws Exception {
        var entered = new CountDownLatch(1);
        var leave = new CountDownLatch(1);
        var other = Thread.ofPlatform().start(() -> {
            EpochContext context = epochs.context();
            context.enter();
            entered.countDown();
            awaitLatch(leave);
            context.exit();
        });
        entered.await();
        var passed = new AtomicBoolean();
        var waiter = Thread.ofPlatform().start(() -> {
            epochs.synchronize(epochs.context());
            passed.set(true);
        });
        await().during(Duration.ofMillis(50)).untilAsserted(() -> assertThat(passed).isFalse());
        leave.countDown();
        waiter.join();
        other.join();
        assertThat(passed).isTrue();
    }

    @Test
    void twoGracePeriodsInsideTransactionsDoNotWaitForEachOther() throws Exception {
        var bothInside = new CountDownLatch(2);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 2; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                EpochContext context = epochs.context();
                context.enter();
                bothInside.countDown();
                awaitLatch(bothInside);
                epochs.synchronize(context);
                context.exit();
            }));
        }
        for (Thread thread : threads) {
            assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
        }
    }

    @Test
    void drainWaitsForATransactionThatItselfWaitsForAGracePeriod() throws Exception {
        var blockerInside = new CountDownLatch(1);
        var releaseBlocker = new CountDownLatch(1);
        var blocker = Thread.ofPlatform().start(() -> {
            EpochContext context = epochs.context();
            context.enter();
            blockerInside.countDown();
            awaitLatch(releaseBlocker);
            context.exit();
        });
        blockerInside.await();
        var afterSync = new AtomicBoolean();
        var synchronizer = Thread.ofPlatform().start(() -> {
            EpochContext context = epochs.context();
            context.enter();
            epochs.synchronize(context);
            afterSync.set(true);
            context.exit();
        });
        await().until(() -> synchronizer.getState() == Thread.State.TIMED_WAITING
                || synchronizer.getState() == Thread.State.RUNNABLE);
        var sawEnd = new AtomicBoolean();
        var drainer = Thread.ofPlatform().start(() -> {
            epochs.drain();
            sawEnd.set(afterSync.get());
        });
        releaseBlocker.countDown();
        drainer.join();
        blocker.join();
        synchronizer.join();
        assertThat(sawEnd).isTrue();
    }

    @Test
    void nothingIsUsedAfterItsGracePeriod() throws Exception {
        
        var violations = new AtomicInteger();
        var stop = new AtomicBoolean();
        var published = new AtomicReference<>(new AtomicInteger(1));
        var readers = new ArrayList<Thread>();
        for (int i = 0; i < 3; i++) {
            readers.add(Thread.ofPlatform().start(() -> {
                EpochContext context = epochs.context();
                while (!stop.get()) {
                    context.enter();
                    AtomicInteger object = published.get();
                    for (int use = 0; use < 8; use++) {
                        if (object.get() != 1) {
                            violations.incrementAndGet();
                        }
                    }
                    context.exit();
                }
            }));
        }
        for (int swap = 0; swap < 2_000; swap++) {
            AtomicInteger old = published.getAndSet(new AtomicInteger(1));
            epochs.drain();
            old.set(0);
        }
        stop.set(true);
        for (Thread reader : readers) {
            reader.join();
        }
        assertThat(violations).hasValue(0);
    }

    @Test
    void aThreadThatEndedHoldsNobodyUp() throws Exception {
        var thread = Thread.ofPlatform().start(() -> epochs.context().enter());
        thread.join();
        epochs.drain();
        epochs.synchronize(epochs.context());
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("gave up waiting");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aThreadThatHasEndedIsForgottenAndItsTransactionsStayCounted() throws Exception {
        WeakReference<Thread> ended = threadWithOneTransaction();
        for (int i = 0; i < 50 && ended.get() != null; i++) {
            System.gc();
            new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
        }
        assertThat(ended.get()).isNull();
        long before = epochs.transactions();
        threadWithOneTransaction();
        assertThat(epochs.transactions()).isEqualTo(before + 1);
    }

    private WeakReference<Thread> threadWithOneTransaction() throws InterruptedException {
        var thread = new Thread(() -> {
            epochs.context().enter();
            epochs.context().exit();
        });
        thread.start();
        thread.join();
        return new WeakReference<>(thread);
    }
}
