package dev.backplane.vfio;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.irq.InterruptLine;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The pin fires on a thread of the host while software ends its interrupt, or the relay is closed, on another. */
final class PinRelayTest {
    private final Fixture fixture = new Fixture();
    private final List<Boolean> levels = new ArrayList<>();
    private final List<Thread> others = new ArrayList<>();

    @Test
    void anEndThatMeetsASignalLeavesTheLineAsTheRelayKnowsIt() throws Exception {
        signalWhile(PinRelay::ended);
        assertThat(levels).containsExactly(true, false);
    }

    @Test
    void aCloseThatMeetsASignalLeavesTheLineDeasserted() throws Exception {
        signalWhile(PinRelay::close);
        assertThat(levels).containsExactly(true, false);
    }

    /** Signals, and does something else on another thread in the moment in which the line is about to be asserted. */
    private void signalWhile(Consumer<PinRelay> other) throws Exception {
        var relay = new PinRelay[1];
        InterruptLine line = new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                if (asserted) {
                    var thread = new Thread(() -> other.accept(relay[0]));
                    others.add(thread);
                    thread.start();
                    while (thread.getState() != Thread.State.BLOCKED && thread.getState() != Thread.State.TERMINATED) {
                        Thread.onSpinWait();
                    }
                }
                synchronized (levels) {
                    levels.add(asserted);
                }
            }

            @Override
            public void pulse() {
                throw new AssertionError("a level");
            }
        };
        relay[0] = new PinRelay(fixture.open("0000:01:00.0"), line);
        relay[0].signal();
        for (Thread thread : others) {
            thread.join();
        }
    }
}
