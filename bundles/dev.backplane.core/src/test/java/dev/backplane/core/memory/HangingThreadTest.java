package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.epoch.Watchdog;
import dev.backplane.core.irq.InterruptHub;
import dev.backplane.core.time.BoardTime;
import dev.backplane.core.time.DeviceClock;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.InterruptLine;
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
import dev.backplane.memory.Translation.Mapped;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a thread that was given up may still do. */
class HangingThreadTest {
    private static final long RAM = 0x4000_0000L;
    private static final long REGISTERS = RAM + 0x1_0000;
    private final EpochDomain epochs = new EpochDomain();
    private final SystemBus bus = new SystemBus(epochs);
    private final Watchdog watchdog = new Watchdog("b", epochs, Duration.ofMillis(300));
    private final DeviceGate gate = new DeviceGate("dev0", epochs, Duration.ofSeconds(20));
    private final DmaPort port = bus.port("test", null, TransactionAttributes.NONE);
    private final CountDownLatch release = new CountDownLatch(1);
    private final List<Thread> threads = new ArrayList<>();

    @BeforeEach
    void map() {
        bus.addRam(new RamBank("low", RAM, 0x1_0000, ""));
        bus.addRam(new RamBank("high", REGISTERS + 0x1000, 0x1_0000, ""));
    }

    @AfterEach
    void close() throws Exception {
        release.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        bus.close();
        watchdog.close();
    }

    private void hang() {
        while (true) {
            try {
                release.await();
                return;
            } catch (InterruptedException e) {
                // It does not listen.
            }
        }
    }

    private AtomicReference<TransactionResult> start(Function<EpochContext, TransactionResult> transaction) {
        var outcome = new AtomicReference<TransactionResult>();
        threads.add(Thread.ofPlatform().daemon().start(() -> outcome.set(transaction.apply(epochs.context()))));
        return outcome;
    }

    private void mapHangingRegisters() {
        MmioHandler handler = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                hang();
                return Done.DONE;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                hang();
                return Done.DONE;
            }
        };
        var region = new MappedRegion("dev0", gate, MmioRegion.locked("regs", 0x1000, 4, 4, handler));
        bus.update().map(region, REGISTERS, 0).commit();
        gate.open();
    }

    private void awaitFailure() {
        await().until(() -> gate.state() == DeviceGate.State.FAILED);
    }

    private void finish() throws Exception {
        release.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
    }

    @Test
    void theRestOfItsTransactionTouchesNoMemory() throws Exception {
        mapHangingRegisters();
        var source = MemorySegment.ofArray(new byte[] {1, 1, 1, 1, 2, 2, 2, 2});
        AtomicReference<TransactionResult> outcome =
                start(context -> port.write(context, REGISTERS + 0x1000 - 4, source, 0, 8));
        awaitFailure();
        epochs.drain();
        finish();
        assertThat(outcome.get()).isEqualTo(Fault.DEVICE_FAILED);
        EpochContext context = epochs.context();
        assertThat(port.read(context, REGISTERS + 0x1000, 4)).isEqualTo(Done.DONE);
        assertThat(context.data()).isZero();
        assertThat(gate.failure()).contains("has not returned", "HangingThreadTest");
    }

    @Test
    void ramStaysUntilItComesBack() throws Exception {
        mapHangingRegisters();
        start(context -> port.read(context, REGISTERS, 4));
        awaitFailure();
        var freed = new AtomicBoolean();
        epochs.whenNobodyHangs(() -> freed.set(true));
        assertThat(epochs.hanging()).isEqualTo(1);
        bus.close();
        assertThat(freed).isFalse();
        finish();
        assertThat(freed).isTrue();
        assertThat(epochs.hanging()).isZero();
    }

    @Test
    void anIommuThatHangsInATranslationFailsAndItsTransactionIsAnAbort() throws Exception {
        var route = new DmaRoute("nic", null, TransactionAttributes.NONE);
        route.space((Translating) (context, attributes, iova, kind) -> {
            hang();
            return new Mapped(0x1000, RAM, 0xFFF, true, true, MemoryAttributes.INCOMING);
        }, gate);
        gate.open();
        DmaPort nic = bus.port(route);
        AtomicReference<TransactionResult> outcome = start(context -> nic.write(context, 0x1000, 4, 0xAB));
        awaitFailure();
        gate.parkForAnother();
        gate.open();
        finish();
        assertThat(outcome.get()).isEqualTo(Fault.DEVICE_FAILED);
        EpochContext context = epochs.context();
        port.read(context, RAM, 4);
        assertThat(context.data()).isZero();
    }

    @Test
    void heldTransactionsBehindACompletionThatHangsGoOn() throws Exception {
        var target = new DeviceGate("target", epochs, Duration.ofSeconds(20));
        var done = new AtomicInteger();
        MmioHandler handler = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                return Done.DONE;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                return Done.DONE;
            }
        };
        bus.update().map(new MappedRegion("target", target, MmioRegion.locked("r", 0x1000, 4, 4, handler)), REGISTERS, 0)
                .commit();
        gate.open();
        DmaPort device = bus.port("dev0", gate, TransactionAttributes.NONE);
        EpochContext context = epochs.context();
        for (int i = 0; i < 20; i++) {
            boolean hangs = i == 3;
            TransactionResult result = (hangs ? device : port).read(context, REGISTERS, 4);
            ((Pending) result).ticket().whenDone((c, how) -> {
                done.incrementAndGet();
                if (hangs) {
                    hang();
                }
            });
        }
        target.open();
        await().until(() -> done.get() == 20);
        awaitFailure();
        finish();
        await().until(() -> epochs.hanging() == 0);
    }

    @Test
    void aControllerThatHangsHoldsNoOtherDeviceUp() throws Exception {
        var hub = new InterruptHub("gic", epochs);
        hub.behind(gate);
        gate.open();
        var hangs = new AtomicBoolean(true);
        hub.serve((InterruptController) (context, intid, asserted) -> {
            if (hangs.getAndSet(false)) {
                hang();
            }
        });
        InterruptLine first = hub.line(null, 40);
        InterruptLine second = hub.line(null, 40);
        start(context -> {
            first.set(true);
            return Done.DONE;
        });
        await().until(() -> !hangs.get());
        AtomicReference<TransactionResult> other = start(context -> {
            second.set(true);
            second.set(false);
            return Done.DONE;
        });
        awaitFailure();
        await().until(() -> other.get() != null);
        hub.park();
        var levels = new ArrayList<Boolean>();
        hub.serve((InterruptController) (context, intid, asserted) -> levels.add(asserted));
        assertThat(levels).as("the first line is still asserted").endsWith(true);
        finish();
        first.set(false);
        assertThat(levels).endsWith(true, false);
    }

    @Test
    void aTimerThatHangsHoldsNoOtherTimerUp() throws Exception {
        for (boolean realTime : new boolean[] {true, false}) {
            var time = new BoardTime("b", realTime);
            epochs.onExpulsion(time::threadHangs);
            var faulty = new DeviceGate("faulty", epochs, Duration.ofSeconds(20));
            faulty.open();
            var hangs = new CountDownLatch(1);
            new DeviceClock(time, faulty, epochs)
                    .timer(context -> {
                        hangs.countDown();
                        hang();
                    })
                    .arm(1);
            var fires = new AtomicInteger();
            gate.open();
            var timer = new DeviceClock(time, gate, epochs).timer(context -> fires.incrementAndGet());
            if (!realTime) {
                start(context -> {
                    time.advanceTo(2);
                    return Done.DONE;
                });
            }
            hangs.await();
            timer.arm(time.now() + 10);
            if (!realTime) {
                time.advanceTo(1_000);
            }
            await().until(() -> fires.get() == 1);
            await().until(() -> faulty.state() == DeviceGate.State.FAILED);
            assertThat(gate.state()).isEqualTo(DeviceGate.State.OPEN);
            time.close();
        }
        finish();
    }

    @Test
    void aModelThatPollsForEverThroughOthersIsCutOff() throws Exception {
        var other = new DeviceGate("other", epochs, Duration.ofSeconds(20));
        MmioHandler answers = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                c.data(0);
                return Done.DONE;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long offset, int size, long v) {
                return Done.DONE;
            }
        };
        bus.update().map(new MappedRegion("other", other, MmioRegion.locked("r", 0x1000, 4, 4, answers)), 0x1000, 0)
                .commit();
        other.open();
        gate.open();
        DmaPort device = bus.port("dev0", gate, TransactionAttributes.NONE);
        var rounds = new AtomicInteger();
        start(context -> {
            gate.locked(context, () -> {
                while (device.read(context, 0x1000, 4).isDone()) {
                    rounds.incrementAndGet();
                }
            });
            return Done.DONE;
        });
        awaitFailure();
        assertThat(other.state()).isEqualTo(DeviceGate.State.OPEN);
        finish();
        assertThat(rounds.get()).isPositive();
    }
}
