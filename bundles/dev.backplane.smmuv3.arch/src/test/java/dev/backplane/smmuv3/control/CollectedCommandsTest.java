package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A backend that collects TLB invalidations and carries them out later. */
class CollectedCommandsTest implements SmmuBackend {
    private static final long NSNH_ALL = 0x30;
    private static final long SYNC = 0x46;
    private static final long ILL = 1L << 24;

    private final Bench bench = new Bench();
    private final List<String> calls = new ArrayList<>();
    private final SmmuControl control = new SmmuControl(
            IdentityProfile.FULL.identity(SmmuOptions.DEFAULT), bench.memory, bench,
            new SmmuInterrupts(line(), line(), line(), line()), this, bench);
    private IntSupplier onFinish = () -> 0;
    private int produced;

    private static InterruptLine line() {
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                throw new AssertionError("all interrupts are edges");
            }

            @Override
            public void pulse() {
                // Nobody listens.
            }
        };
    }

    @BeforeEach
    void enable() {
        control.write(bench.context(), CMDQ_BASE, 8, COMMANDS | 5);
        control.write(bench.context(), CR0, 4, CMDQEN);
    }

    @Override
    public void configure(TransactionContext context, SmmuConfiguration configuration) {
        calls.add("configure");
    }

    @Override
    public boolean execute(TransactionContext context, CommandCode code, Command command) {
        calls.add(code.name());
        return true;
    }

    @Override
    public boolean collects(CommandCode code) {
        return code == CommandCode.TLBI_NSNH_ALL;
    }

    @Override
    public int finish(TransactionContext context) {
        calls.add("finish at %d".formatted(control.read(CMDQ_CONS, 4)));
        return onFinish.getAsInt();
    }

    @Override
    public void forget() {
        calls.add("forget");
    }

    private void commands(long... words) {
        for (long word : words) {
            bench.memory.put(COMMANDS + 16L * (produced & 31), word);
            bench.memory.put(COMMANDS + 16L * (produced++ & 31) + 8, 0);
        }
        control.write(bench.context(), CMDQ_PROD, 4, produced & 63);
    }

    private long consumed() {
        return control.read(CMDQ_CONS, 4);
    }

    @Test
    void areCarriedOutBeforeAnyOtherCommandAndConsumedAfter() {
        commands(NSNH_ALL, NSNH_ALL, SYNC, NSNH_ALL);
        assertThat(calls).containsExactly(
                "TLBI_NSNH_ALL", "TLBI_NSNH_ALL", "finish at 0", "SYNC", "TLBI_NSNH_ALL", "finish at 3");
        assertThat(consumed()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 1", "3, 0", "9, 0"})
    void theFirstThatIsNotCarriedOutStopsTheQueue(int left, int stoppedAt) {
        onFinish = () -> left;
        commands(NSNH_ALL, NSNH_ALL, NSNH_ALL, SYNC);
        assertThat(consumed()).isEqualTo(ILL | stoppedAt);
        assertThat(calls).doesNotContain("SYNC");
        onFinish = () -> 0;
        calls.clear();
        control.write(bench.context(), GERRORN, 4, control.read(GERROR, 4));
        assertThat(consumed() & 0xFFFF).isEqualTo(4);
        assertThat(calls).hasSize(3 - stoppedAt + 2);
    }

    @Test
    void aDisabledQueueIsAcknowledgedWhenTheyAreDone() {
        onFinish = () -> {
            control.write(bench.context(), CR0, 4, 0);
            assertThat(control.read(CR0ACK, 4)).as("commands are under way").isEqualTo(CMDQEN);
            return 0;
        };
        commands(NSNH_ALL, NSNH_ALL);
        assertThat(control.read(CR0ACK, 4)).isZero();
        assertThat(consumed()).isEqualTo(2);
    }

    @Test
    void aResetMeanwhileLeavesTheQueueAsItIsAfterReset() {
        onFinish = () -> {
            control.reset(bench.context());
            return 2;
        };
        commands(NSNH_ALL, NSNH_ALL, NSNH_ALL);
        assertThat(consumed()).isZero();
        assertThat(control.read(GERROR, 4)).isZero();
        onFinish = () -> 0;
        produced = 0;
        enable();
        commands(NSNH_ALL, SYNC);
        assertThat(consumed()).isEqualTo(2);
    }

    @Test
    void aBackendThatBreaksLeavesThemToTheNextRun() {
        onFinish = () -> {
            throw new IllegalStateException("broken");
        };
        assertThatThrownBy(() -> commands(NSNH_ALL, NSNH_ALL)).hasMessage("broken");
        assertThat(consumed()).isZero();
        onFinish = () -> 0;
        commands(SYNC);
        assertThat(consumed()).isEqualTo(3);
    }

    @Test
    void theRingWraps() {
        for (int i = 0; i < 40; i++) {
            commands(NSNH_ALL, NSNH_ALL, NSNH_ALL, SYNC);
            assertThat(consumed()).isEqualTo(produced & 63);
        }
    }
}
