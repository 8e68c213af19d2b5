package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.memory.DmaAddressSpace.Translating;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.memory.Translation.Mapped;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Transactions that meet a closed gate, or one that closes under them. */
class HeldTransactionTest extends BusBench {
    @Test
    void aTransactionAtAParkedGateIsPerformedWhenItOpens() {
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(30));
        map(words, 0x1000, 4, 4, gate);
        var ended = new AtomicReference<TransactionResult>();
        TransactionResult result = port.write(context, 0x1000, 4, 7);
        assertThat(result).isInstanceOf(Pending.class);
        ((Pending) result).ticket().whenDone((c, end) -> ended.set(end));
        assertThat(words.accesses).isEmpty();
        gate.open();
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Done.DONE));
        assertThat(words.accesses).containsExactly("W4@0=7");
    }

    @Test
    void aHeldReadDeliversItsData() {
        var words = new Words();
        words.value = 0x55;
        DeviceGate gate = gate(Duration.ofSeconds(30));
        map(words, 0x1000, 4, 4, gate);
        var data = new AtomicReference<Long>();
        ((Pending) port.read(context, 0x1000, 4)).ticket().whenDone((c, end) -> data.set(c.data()));
        gate.open();
        await().untilAsserted(() -> assertThat(data.get()).isEqualTo(0x55L));
    }

    @Test
    void aHeldTransactionAbortsAfterTheSlotsTimeOut() {
        DeviceGate gate = gate(Duration.ofMillis(20));
        map(new Words(), 0x1000, 4, 4, gate);
        var ended = new AtomicReference<TransactionResult>();
        ((Pending) port.write(context, 0x1000, 4, 7)).ticket().whenDone((c, end) -> ended.set(end));
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Fault.SLOT_TIMEOUT));
        assertThat(gate.timeouts()).isEqualTo(1);
        assertThat(gate.heldTransactions()).isZero();
    }

    @Test
    void aCancelledTransactionIsNeverPerformed() {
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(30));
        map(words, 0x1000, 4, 4, gate);
        var ticket = ((Pending) port.write(context, 0x1000, 4, 7)).ticket();
        assertThat(ticket.cancel()).isTrue();
        assertThat(ticket.cancel()).isFalse();
        gate.open();
        assertThat(words.accesses).isEmpty();
    }

    @Test
    void heldTransactionsEndWhenTheSlotFails() {
        DeviceGate gate = gate(Duration.ofSeconds(30));
        map(new Words(), 0x1000, 4, 4, gate);
        var ended = new AtomicReference<TransactionResult>();
        ((Pending) port.write(context, 0x1000, 4, 7)).ticket().whenDone((c, end) -> ended.set(end));
        gate.fail("gone");
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Fault.DEVICE_FAILED));
    }

    @Test
    void aBlockThatHasBegunOnADeviceEndsThereThoughTheGateCloses() {
        DeviceGate gate = gate(Duration.ofSeconds(30));
        var words = new Words() {
            @Override
            public TransactionResult write(
                    TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                gate.park();
                return super.write(c, a, offset, size, v);
            }
        };
        map(words, 0x1000, 4, 4, gate);
        gate.open();
        var data = MemorySegment.ofArray(new byte[12]);
        assertThat(port.write(context, 0x1000, data, 0, 12)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=0", "W4@4=0", "W4@8=0");
        assertThat(port.write(context, 0x1000, 4, 0)).isInstanceOf(Pending.class);
    }

    @Test
    void aBlockThatHasBegunToBeTranslatedEndsThoughTheIommusGateCloses() {
        DeviceGate gate = gate(Duration.ofSeconds(30));
        var words = new Words();
        map(words, 0x1000, 4, 4, gate);
        gate.open();
        DeviceGate iommu = gate(Duration.ofSeconds(30));
        iommu.open();
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space((Translating) (c, attributes, iova, access) -> {
            iommu.park();
            return new Mapped(iova & ~3, 0x1000 + (iova & ~3), 3, true, true, MemoryAttributes.INCOMING);
        }, iommu);
        assertThat(bus.port(route).write(context, 0, MemorySegment.ofArray(new byte[8]), 0, 8)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=0", "W4@4=0");
    }

    @Test
    void aBlockThatIsHeldAtItsSecondDeviceIsNotRepeatedAtItsFirst() {
        DeviceGate firstGate = gate(Duration.ofSeconds(30));
        DeviceGate secondGate = gate(Duration.ofSeconds(30));
        var first = new Words();
        var second = new Words();
        map(first, 0x1000, 4, 4, firstGate);
        map(second, 0x2000, 4, 4, secondGate);
        firstGate.open();
        var data = MemorySegment.ofArray(new byte[] {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0});
        var held = (Pending) port.write(context, 0x1FFC, data, 0, 12);
        secondGate.open();
        await().until(() -> held.ticket().result().isPresent());
        assertThat(held.ticket().result()).contains(Done.DONE);
        assertThat(first.accesses).containsExactly("W4@ffc=1");
        assertThat(second.accesses).containsExactly("W4@0=2", "W4@4=3");
    }

    @Test
    void aTranslatedBlockGoesOnWhereItWasHeldHoweverOften() {
        DeviceGate gate = gate(Duration.ofSeconds(30));
        var parksAfterEach = new Words() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                gate.park();
                value = accesses.size() + 1;
                return super.read(c, a, offset, size);
            }
        };
        map(parksAfterEach, 0x1000, 4, 4, gate);
        gate.open();
        DeviceGate iommu = gate(Duration.ofSeconds(30));
        iommu.open();
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        // Each word is a page of its own, so that the gate is looked at for each.
        route.space((Translating) (c, attributes, iova, access) ->
                new Mapped(iova & ~3, 0x1000 + (iova & ~3), 3, true, true, MemoryAttributes.INCOMING), iommu);
        var target = MemorySegment.ofArray(new byte[12]);
        var held = (Pending) bus.port(route).read(context, 0, target, 0, 12);
        for (int word = 2; word <= 3; word++) {
            int reads = word;
            await().until(() -> gate.heldTransactions() == 1);
            gate.open();
            await().until(() -> parksAfterEach.accesses.size() == reads);
        }
        await().until(() -> held.ticket().result().isPresent());
        assertThat(held.ticket().result()).contains(Done.DONE);
        assertThat(parksAfterEach.accesses).containsExactly("R4@0", "R4@4", "R4@8");
        assertThat(target.toArray(ValueLayout.JAVA_BYTE)).containsExactly(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    }

    @Test
    void heldTransactionsArePerformedInTheOrderInWhichTheyCame() {
        var order = new CopyOnWriteArrayList<Long>();
        var second = new CountDownLatch(1);
        var slowAtFirst = new Words() {
            @Override
            public TransactionResult write(
                    TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                if (v == 1) {
                    awaitOrGoOn(second);
                } else {
                    second.countDown();
                }
                order.add(v);
                return Done.DONE;
            }
        };
        DeviceGate gate = gate(Duration.ofSeconds(30));
        var region = new MmioRegion("regs", 0x1000, 4, 4, true, slowAtFirst);
        bus.update().map(new MappedRegion("dev0", gate, region), 0x1000, 0).commit();
        port.write(context, 0x1000, 4, 1);
        port.write(context, 0x1000, 4, 2);
        gate.open();
        await().untilAsserted(() -> assertThat(order).containsExactly(1L, 2L));
    }

    @Test
    void aDrainWaitsForTheCompletionOfATransactionThatCouldNotBeCancelled() throws Exception {
        DeviceGate gate = gate(Duration.ofSeconds(30));
        var performing = new CountDownLatch(1);
        var drained = new CountDownLatch(1);
        var order = new CopyOnWriteArrayList<String>();
        Thread drain = Thread.ofPlatform().unstarted(() -> {
            epochs.drain();
            order.add("drained");
            drained.countDown();
        });
        var words = new Words() {
            @Override
            public TransactionResult write(
                    TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                performing.countDown();
                await().pollInterval(Duration.ofNanos(1_000))
                        .until(() -> drain.getState() == Thread.State.TIMED_WAITING);
                return super.write(c, a, offset, size, v);
            }
        };
        map(words, 0x1000, 4, 4, gate);
        var ticket = ((Pending) port.write(context, 0x1000, 4, 7)).ticket();
        ticket.whenDone((c, end) -> {
            awaitOrGoOn(drained);
            order.add("completed");
        });
        gate.open();
        performing.await();
        assertThat(ticket.cancel()).isFalse();
        drain.start();
        drain.join();
        await().untilAsserted(() -> assertThat(order).containsExactly("completed", "drained"));
    }

    /** Gives what must not happen the time to happen. */
    private static void awaitOrGoOn(CountDownLatch latch) {
        try {
            latch.await(100, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aTransactionIsEitherCancelledOrPerformedHoweverItsGateMoves() throws Exception {
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(30));
        map(words, 0x1000, 4, 4, gate);
        var stop = new AtomicBoolean();
        Thread mover = Thread.ofPlatform().start(() -> {
            while (!stop.get()) {
                gate.open();
                gate.park();
            }
            gate.open();
        });
        int performed = 0;
        for (int i = 0; i < 20_000; i++) {
            TransactionResult result = port.write(context, 0x1000, 4, i);
            if (!(result instanceof Pending pending)) {
                performed++;
                continue;
            }
            for (int spin = i % 300; spin > 0; spin--) {
                Thread.onSpinWait();
            }
            if (!pending.ticket().cancel()) {
                await().pollInterval(Duration.ofNanos(1_000)).until(() -> pending.ticket().result().isPresent());
                performed += pending.ticket().result().orElseThrow().isDone() ? 1 : 0;
            }
        }
        stop.set(true);
        mover.join();
        epochs.drain();
        assertThat(words.accesses).hasSize(performed);
    }
}
