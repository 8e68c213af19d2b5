package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.memory.DmaAddressSpace.Translating;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.memory.Translation;
import dev.backplane.memory.Translation.Mapped;
import dev.backplane.memory.Translation.Terminated;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SystemBusTest {
    private static final long RAM = 0x4000_0000L;
    private final EpochDomain epochs = new EpochDomain();
    private final SystemBus bus = new SystemBus(epochs);
    private final EpochContext context = epochs.context();
    private final DmaPort port = bus.port("test", null, TransactionAttributes.NONE);

    @AfterEach
    void close() {
        bus.close();
    }

    /** Eight-byte words that remember each access. */
    private static class Words implements MmioHandler {
        final List<String> accesses = new ArrayList<>();
        long value;

        @Override
        public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
            accesses.add("R%d@%x".formatted(size, offset));
            c.data(value);
            return Done.DONE;
        }

        @Override
        public TransactionResult write(TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
            accesses.add("W%d@%x=%x".formatted(size, offset, v));
            value = v;
            return Done.DONE;
        }
    }

    @Test
    void expectsNoHoldsWhenItHasEnded() {
        bus.close();
        assertThatCode(bus::expectHolds).doesNotThrowAnyException();
    }

    private DeviceGate gate(Duration timeout) {
        return new DeviceGate("dev0", epochs, timeout);
    }

    private MappedRegion map(MmioHandler handler, long base, int min, int max, DeviceGate gate) {
        var region = new MappedRegion("dev0", gate, MmioRegion.locked("regs", 0x1000, min, max, handler));
        bus.update().map(region, base, 0).commit();
        return region;
    }

    private void ram(long size) {
        bus.addRam(new RamBank("ram", RAM, size, ""));
    }

    @Test
    void blocksAndScalarsShareLittleEndianRam() {
        ram(1 << 20);
        var source = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        assertThat(port.write(context, RAM + 3, source, 1, 8)).isSameAs(Done.DONE);
        assertThat(port.read(context, RAM + 3, 4)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x05040302L);
        assertThat(port.load64(context, RAM + 8)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x090807L);
        assertThat(port.compareAndExchange64(context, RAM + 8, 0x090807L, 7)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x090807L);
        port.compareAndExchange64(context, RAM + 8, 1, 9);
        assertThat(context.data()).isEqualTo(7);
    }

    @Test
    void aRecorderThatThrowsIsEndedAndBlamedOnNobody() throws Exception {
        ram(1 << 20);
        DeviceGate own = gate(Duration.ofSeconds(5));
        own.open();
        DmaPort device = bus.port("nic", own, TransactionAttributes.NONE);
        var calls = new ArrayList<Long>();
        bus.record("nic", (write, address, length) -> {
            calls.add(address);
            throw new IllegalStateException("full");
        });
        own.locked(context, () -> {
            assertThat(device.write(context, RAM, 4, 1)).isSameAs(Done.DONE);
            assertThat(device.write(context, RAM + 4, 4, 1)).isSameAs(Done.DONE);
        });
        assertThat(own.isOpen()).isTrue();
        assertThat(calls).containsExactly(RAM);
        bus.record("nic", (write, address, length) -> {}).close();
    }

    @Test
    void unassignedAddressesAreDecodeErrors() {
        ram(1 << 20);
        assertThat(port.read(context, 0x1000, 4)).isSameAs(Fault.DECODE_ERROR);
        var buffer = MemorySegment.ofArray(new byte[16]);
        assertThat(port.read(context, RAM + (1 << 20) - 8, buffer, 0, 16)).isSameAs(Fault.DECODE_ERROR);
        assertThat(port.read(context, RAM + (1 << 20) - 4, 8)).isSameAs(Fault.DECODE_ERROR);
        assertThat(bus.counters().get("decode-errors")).isEqualTo(3);
    }

    @Test
    void accessesCrossFromRamIntoADevice() {
        ram(1 << 20);
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(5));
        map(words, RAM + (1 << 20), 1, 4, gate);
        gate.open();
        var data = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        assertThat(port.write(context, RAM + (1 << 20) - 4, data, 0, 11)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=8070605", "W2@4=a09", "W1@6=b");
        assertThat(port.write(context, RAM + (1 << 20) - 4, 8, 0x1122334455667788L)).isSameAs(Done.DONE);
        assertThat(words.accesses).endsWith("W4@0=11223344");
    }

    @Test
    void sizesThatARegionDoesNotTakeAreSplitOrRefused() {
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(5));
        map(words, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.write(context, 0x1000, 8, 0x11111111_22222222L)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=22222222", "W4@4=11111111");
        assertThat(port.read(context, 0x1000, 2)).isSameAs(Fault.SLAVE_ERROR);
        assertThat(port.read(context, 0x1002, 4)).isSameAs(Fault.SLAVE_ERROR);
        assertThat(port.load64(context, 0x1000)).isSameAs(Fault.SLAVE_ERROR);
    }

    @Test
    void effectsRunAfterTheLockAndBeforeTheAccessReturns() {
        ram(1 << 20);
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var order = new ArrayList<String>();
        MmioHandler handler = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                gate.defer(effect -> {
                    order.add("effect, locked " + gate.isLockedByCurrentThread());
                    port.read(effect, RAM, 8);
                });
                order.add("handler");
                c.data(0x42);
                return Done.DONE;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int s, long v) {
                return Fault.SLAVE_ERROR;
            }
        };
        map(handler, 0x1000, 4, 4, gate);
        gate.open();
        port.read(context, 0x1000, 4);
        assertThat(order).containsExactly("handler", "effect, locked false");
        assertThat(context.data()).isEqualTo(0x42);
    }

    @Test
    void transactionsThatStartThemselvesEndAsAFault() {
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var ends = new ArrayList<TransactionResult>();
        MmioHandler echo = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                return Fault.SLAVE_ERROR;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int size, long v) {
                gate.defer(effect -> ends.add(port.write(effect, 0x1000 + o, size, v)));
                return Done.DONE;
            }
        };
        map(echo, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.write(context, 0x1000, 4, 1)).isSameAs(Done.DONE);
        assertThat(ends).hasSizeLessThan(100).startsWith(Fault.SLAVE_ERROR).endsWith(Done.DONE);
        assertThat(gate.isOpen()).isTrue();
    }

    @Test
    void whatAModelThrowsFailsItsSlotAndEndsAsAnAbort() {
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var told = new AtomicReference<String>();
        gate.onFailure(told::set);
        MmioHandler broken = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long o, int s) {
                throw new IllegalStateException("broken");
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int s, long v) {
                return null;
            }
        };
        map(broken, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.read(context, 0x1000, 4)).isSameAs(Fault.DEVICE_FAILED);
        assertThat(told.get()).contains("IllegalStateException: broken");
        assertThat(port.write(context, 0x1000, 4, 0)).isSameAs(Fault.DEVICE_FAILED);
        assertThat(gate.aborts()).isEqualTo(2);
        assertThat(context.inside()).isFalse();
    }

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

    @Test
    void translatedBlocksGoPageByPage() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        Translating reversed = (c, attributes, iova, access) -> {
            long page = iova >>> 12;
            if (page >= 16) {
                return Terminated.ABORT;
            }
            return new Mapped(
                    page << 12, RAM + (15 - page << 12), 0xFFF, true, true, MemoryAttributes.INCOMING);
        };
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space(reversed, iommu);
        DmaPort dma = bus.port(route);
        byte[] data = new byte[0x2000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 7);
        }
        assertThat(dma.write(context, 0xE80, MemorySegment.ofArray(data), 0, data.length)).isSameAs(Done.DONE);
        byte[] back = new byte[data.length];
        assertThat(dma.read(context, 0xE80, MemorySegment.ofArray(back), 0, back.length)).isSameAs(Done.DONE);
        assertThat(back).isEqualTo(data);
        port.read(context, RAM + 0xFE80, 1);
        assertThat(context.data()).isEqualTo(data[0] & 0xFF);
        dma.read(context, 0xFFE, 4);
        assertThat(context.data()).isEqualTo(SystemBusTest.word(data, 0x17E));
        assertThat(dma.write(context, 0xFFF8, MemorySegment.ofArray(data), 0, 64)).isSameAs(Fault.TRANSLATION_ABORT);
        route.enable(false);
        assertThat(dma.read(context, 0x0, 4)).isSameAs(Fault.BUS_MASTER_DISABLED);
    }

    private static long word(byte[] data, int at) {
        return data[at] & 0xFFL | (data[at + 1] & 0xFFL) << 8 | (data[at + 2] & 0xFFL) << 16 | (data[at + 3] & 0xFFL) << 24;
    }

    @Test
    void aPortWithASubstreamFollowsTheRequesterIdWhenBusesAreRenumbered() {
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(0x100));
        DmaPort substream = bus.port(route).with(TransactionAttributes.ofRequester(0x100).withSubstream(5));
        route.attributes(TransactionAttributes.ofRequester(0x200));
        assertThat(substream.attributes()).isEqualTo(TransactionAttributes.ofRequester(0x200).withSubstream(5));
    }

    @Test
    void aSplitScalarKeepsItsDataWhileItsFirstHalfStartsAnother() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space((Translating) (c, attributes, iova, access) -> {
            long page = iova >>> 12;
            long output = page == 1 ? 0x1000 : RAM + (page - 2 << 12);
            return new Mapped(page << 12, output, 0xFFF, true, true, MemoryAttributes.INCOMING);
        }, iommu);
        DmaPort dma = bus.port(route);
        DeviceGate gate = gate(Duration.ofSeconds(5));
        MmioHandler starter = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long o, int size) {
                return Fault.SLAVE_ERROR;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int size, long v) {
                gate.defer(effect -> dma.write(effect, 0x3FFC, 8, 0x33333333_44444444L));
                return Done.DONE;
            }
        };
        map(starter, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(dma.write(context, 0x1FFC, 8, 0x11111111_22222222L)).isSameAs(Done.DONE);
        port.read(context, RAM, 4);
        assertThat(context.data()).isEqualTo(0x11111111L);
        port.read(context, RAM + 0x1FFC, 8);
        assertThat(context.data()).isEqualTo(0x33333333_44444444L);
    }

    @Test
    void stalledTransactionsGoOnAsSoftwareDecides() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        var resume = new AtomicReference<Consumer<Translation.Decision>>();
        var answer = new AtomicReference<Translation>(new Translation.Stalled(resume::set));
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space((Translating) (c, attributes, iova, access) -> answer.get(), iommu);
        DmaPort dma = bus.port(route);
        var ended = new AtomicReference<TransactionResult>();
        ((Pending) dma.write(context, 0x100, 4, 0x77)).ticket().whenDone((c, end) -> ended.set(end));
        answer.set(new Mapped(0, RAM, 0xFFF, true, true, MemoryAttributes.INCOMING));
        resume.get().accept(Translation.Decision.RETRY);
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Done.DONE));
        port.read(context, RAM + 0x100, 4);
        assertThat(context.data()).isEqualTo(0x77);

        answer.set(new Translation.Stalled(resume::set));
        ((Pending) dma.write(context, 0x100, 4, 0x88)).ticket().whenDone((c, end) -> ended.set(end));
        resume.get().accept(Translation.Decision.ABORT);
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Fault.TRANSLATION_ABORT));
    }

    @Test
    void recordersSeeOneInitiatorOnly() throws Exception {
        ram(1 << 20);
        DmaPort other = bus.port("other", null, TransactionAttributes.NONE);
        var seen = new ArrayList<String>();
        AutoCloseable recording =
                bus.record("test", (write, address, length) -> seen.add("%s %x %d".formatted(write, address, length)));
        port.load64(context, RAM);
        other.load64(context, RAM + 8);
        bus.port("test", null, TransactionAttributes.NONE).write(context, RAM + 16, 4, 0);
        recording.close();
        port.load64(context, RAM);
        assertThat(seen).containsExactly("false 40000000 8", "true 40000010 4");
    }

    @Test
    void aFileBacksRamForOtherProcesses(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("ram");
        bus.addRam(new RamBank("ram", RAM, 0x10000, file.toString()));
        port.write(context, RAM + 0x234, 4, 0xCAFE);
        assertThat(Files.size(file)).isEqualTo(0x10000);
        assertThat(Files.readAllBytes(file)[0x234] & 0xFF).isEqualTo(0xFE);
    }

    @Test
    void ramThatOverlapsIsRefusedByName() {
        ram(1 << 20);
        assertThatThrownBy(() -> bus.addRam(new RamBank("second", RAM + 0x1000, 0x1000, "")))
                .hasMessageContaining("RAM second")
                .hasMessageContaining("RAM ram");
        assertThat(bus.memoryMap()).hasSize(1);
    }

    @Test
    void accessIsCheckedAgainstTheBuffer() {
        ram(1 << 20);
        var buffer = MemorySegment.ofArray(new byte[8]);
        assertThatThrownBy(() -> port.read(context, RAM, buffer, 4, 8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> port.load64(context, RAM + 4)).isInstanceOf(IllegalArgumentException.class);
    }
}
