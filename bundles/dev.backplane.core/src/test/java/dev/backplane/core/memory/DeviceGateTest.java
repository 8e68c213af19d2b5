package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate.State;
import java.time.Duration;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** States of a gate when several threads change them. */
class DeviceGateTest {
    private static final int ROUNDS = 20_000;

    private final EpochDomain epochs = new EpochDomain();

    private DeviceGate gate() {
        return new DeviceGate("edu0", epochs, Duration.ofSeconds(1));
    }

    private static void race(Runnable one, Runnable other, CyclicBarrier start, ExecutorService pool) throws Exception {
        Future<?> running = pool.submit(() -> {
            start.await();
            one.run();
            return null;
        });
        start.await();
        other.run();
        running.get();
    }

    @Test
    void aGateThatFailsStaysFailedWhoeverOpensAndParksIt() throws Exception {
        var start = new CyclicBarrier(2);
        try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
            for (int i = 0; i < ROUNDS; i++) {
                DeviceGate gate = gate();
                race(() -> gate.fail("it threw"), () -> {
                    gate.open();
                    gate.park();
                    gate.open();
                }, start, pool);
                assertThat(gate.state()).isEqualTo(State.FAILED);
                assertThat(gate.failure()).isEqualTo("it threw");
                gate.shut();
            }
        }
    }

    @Test
    void aGateThatIsShutStaysShutThoughItsDeviceFails() throws Exception {
        var start = new CyclicBarrier(2);
        try (ExecutorService pool = Executors.newSingleThreadExecutor()) {
            for (int i = 0; i < ROUNDS; i++) {
                DeviceGate gate = gate();
                race(gate::shut, () -> gate.fail("it threw"), start, pool);
                assertThat(gate.state()).isEqualTo(State.SHUT);
            }
        }
    }
}
