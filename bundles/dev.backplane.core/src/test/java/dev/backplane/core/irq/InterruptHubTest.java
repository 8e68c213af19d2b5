package dev.backplane.core.irq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.irq.InterruptController;
import dev.backplane.irq.InterruptLine;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionContext;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class InterruptHubTest {
    private final EpochDomain epochs = new EpochDomain();
    private final InterruptHub hub = new InterruptHub("gic", epochs);
    private final List<String> seen = new ArrayList<>();
    private final InterruptController gic = (context, intid, asserted) -> seen.add(intid + (asserted ? "+" : "-"));

    @Test
    void linesOfOneInputAreOred() {
        hub.serve(gic);
        InterruptLine a = hub.line(null, 40);
        InterruptLine b = hub.line(null, 40);
        a.set(true);
        b.set(true);
        b.set(true);
        a.set(false);
        b.set(false);
        assertThat(seen).containsExactly("40+", "40-");
    }

    @Test
    void edgesCollapseIntoOneWhileParked() {
        InterruptLine line = hub.line(null, 40);
        line.pulse();
        line.pulse();
        line.pulse();
        hub.serve(gic);
        assertThat(seen).containsExactly("40+", "40-");
    }

    @Test
    void aLevelThatFellAndRoseWhileParkedIsAnEdgeAndALevel() {
        InterruptLine line = hub.line(null, 40);
        hub.serve(gic);
        line.set(true);
        hub.park();
        line.set(false);
        line.set(true);
        seen.clear();
        hub.serve(gic);
        assertThat(seen).containsExactly("40-", "40+");
    }

    @Test
    void aLevelThatOnlyFellWhileParkedFalls() {
        InterruptLine line = hub.line(null, 40);
        hub.serve(gic);
        line.set(true);
        hub.park();
        line.set(false);
        hub.serve(gic);
        assertThat(seen).containsExactly("40+", "40-");
    }

    @Test
    void aNewcomerLearnsALevelThatWasHighAllTheTime() {
        hub.serve(gic);
        hub.line(null, 40).set(true);
        hub.park();
        seen.clear();
        hub.serve(gic);
        assertThat(seen).containsExactly("40+");
    }

    @Test
    void levelsOfOneAccessArriveInTheirOrder() {
        var gate = new DeviceGate("dev0", epochs, Duration.ofSeconds(1));
        hub.serve(gic);
        InterruptLine line = hub.line(gate, 40);
        gate.locked(epochs.context(), () -> {
            line.set(true);
            line.set(false);
            line.set(true);
        });
        assertThat(seen).containsExactly("40+", "40-", "40+");
    }

    @Test
    void callsUnderTheDeviceLockBecomeEffects() {
        var gate = new DeviceGate("dev0", epochs, Duration.ofSeconds(1));
        hub.serve(gic);
        InterruptLine line = hub.line(gate, 40);
        gate.locked(epochs.context(), () -> {
            line.set(true);
            assertThat(seen).isEmpty();
        });
        assertThat(seen).containsExactly("40+");
    }

    @Test
    void aControllerThatThrowsIsReportedAndHurtsNobodyElse() {
        var told = new ArrayList<String>();
        hub.onFailure(told::add);
        hub.serve((context, intid, asserted) -> {
            throw new IllegalStateException("broken");
        });
        hub.line(null, 40).set(true);
        assertThat(told).hasSize(1).first().asString().contains("broken");
    }

    @Test
    void observersSeeChangesEvenWhileParked() throws Exception {
        var changes = new ArrayList<String>();
        AutoCloseable observation = hub.observe((intid, asserted) -> changes.add(intid + " " + asserted));
        InterruptLine line = hub.line(null, 33);
        line.pulse();
        observation.close();
        line.pulse();
        assertThat(changes).containsExactly("33 true", "33 false");
    }

    @Test
    void theOutsideIsOneMoreLineOfAnInputWhoeverDrivesIt() {
        hub.serve(gic);
        hub.drive(40, true);
        hub.drive(40, true);
        InterruptLine device = hub.line(null, 40);
        device.set(true);
        hub.drive(40, false);
        assertThat(seen).containsExactly("40+");
        device.set(false);
        assertThat(seen).containsExactly("40+", "40-");
    }

    @Test
    void privateInputsLatchByProcessorAndAreNotShown() {
        var calls = new ArrayList<String>();
        hub.observe((intid, asserted) -> calls.add("observed"));
        hub.drive(1, 27, true);
        hub.drive(0, 27, true);
        hub.drive(0, 27, false);
        hub.serve(new InterruptController() {
            @Override
            public void setInput(TransactionContext context, int intid, boolean asserted) {
                calls.add("shared");
            }

            @Override
            public boolean setPrivateInput(TransactionContext context, int processor, int intid, boolean asserted) {
                return calls.add("%d.%d%s".formatted(processor, intid, asserted ? "+" : "-"));
            }
        });
        assertThat(calls).containsExactlyInAnyOrder("1.27+", "0.27+", "0.27-");
        calls.clear();
        hub.drive(1, 27, false);
        assertThat(calls).containsExactly("1.27-");
    }

    /** Records calls. */
    private final class Gic implements LpiController {
        @Override
        public int processors() {
            return 2;
        }

        @Override
        public boolean setPending(TransactionContext context, int processor, int intid) {
            return seen.add("set %d %d".formatted(processor, intid));
        }

        @Override
        public boolean clearPending(TransactionContext context, int processor, int intid) {
            return seen.add("clear %d %d".formatted(processor, intid));
        }

        @Override
        public void movePending(TransactionContext context, int from, int to, int intid) {
            seen.add("move %d %d %d".formatted(from, to, intid));
        }

        @Override
        public void moveAllPending(TransactionContext context, int from, int to) {
            seen.add("moveall %d %d".formatted(from, to));
        }

        @Override
        public void invalidate(TransactionContext context, int processor, int intid) {
            seen.add("inv");
        }

        @Override
        public void invalidateAll(TransactionContext context, int processor) {
            seen.add("invall");
        }
    }

    @Test
    void processorsAreKnownOnceAGicWasThere() {
        var standIn = new LpiStandIn(epochs);
        assertThat(standIn.processors()).as("an ITS waits").isZero();
        standIn.serve(new Gic());
        standIn.park();
        assertThat(standIn.processors()).as("a parked GIC comes back as it was").isEqualTo(2);
    }

    @Test
    void lpisLatchOncePerBitAndMovesKeepTheirOrder() {
        var standIn = new LpiStandIn(epochs);
        TransactionContext context = epochs.context();
        standIn.setPending(context, 0, 8192);
        standIn.setPending(context, 0, 8192);
        standIn.movePending(context, 0, 1, 8192);
        standIn.setPending(context, 0, 8192);
        standIn.clearPending(context, 1, 9000);
        standIn.invalidateAll(context, 0);
        standIn.serve(new Gic());
        assertThat(seen).containsExactly("set 0 8192", "move 0 1 8192", "set 0 8192", "clear 1 9000");
        assertThat(standIn.processors()).isEqualTo(2);
        standIn.setPending(context, 1, 8200);
        assertThat(seen).endsWith("set 1 8200");
    }

    @Test
    void whatCameBeforeAResetOfAnAbsentGicIsForgotten() {
        var standIn = new LpiStandIn(epochs);
        TransactionContext context = epochs.context();
        InterruptLine edge = hub.line(null, 40);
        InterruptLine level = hub.line(null, 41);
        standIn.setPending(context, 0, 8192);
        standIn.movePending(context, 0, 1, 8192);
        edge.pulse();
        level.set(true);
        standIn.forget();
        hub.forgetEdges();
        standIn.setPending(context, 0, 8193);
        standIn.serve(new Gic());
        hub.serve(gic);
        assertThat(seen).containsExactly("set 0 8193", "41+");
    }

    @Test
    void aListenerThatThrowsIsNoFailureOfTheController() {
        var epochsOfHub = new EpochDomain();
        var watched = new InterruptHub("gic", epochsOfHub);
        var failures = new ArrayList<String>();
        var seen = new ArrayList<Boolean>();
        watched.onFailure(failures::add);
        watched.serve((context, intid, asserted) -> {});
        watched.observe((intid, asserted) -> {
            throw new IllegalStateException("broken listener");
        });
        watched.observe((intid, asserted) -> seen.add(asserted));
        watched.line(null, 40).set(true);
        assertThat(failures).isEmpty();
        assertThat(seen).containsExactly(true);
    }
}
