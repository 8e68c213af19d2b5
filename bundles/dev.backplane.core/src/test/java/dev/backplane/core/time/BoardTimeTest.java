package dev.backplane.core.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.time.VirtualClock.Timer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BoardTimeTest {
    private final EpochDomain epochs = new EpochDomain();
    private final DeviceGate gate = new DeviceGate("dev", epochs, Duration.ofSeconds(1));
    private final BoardTime manual = new BoardTime("b", false);
    private final DeviceClock clock = new DeviceClock(manual, gate, epochs);
    private final List<String> expired = new ArrayList<>();

    private Timer timer(String name) {
        return clock.timer(context -> expired.add(name + "@" + clock.now()));
    }

    @Test
    void timersExpireInOrderEachAtItsDeadlineOnTheThreadThatAdvances() {
        gate.open();
        timer("b").arm(200);
        timer("a").arm(100);
        timer("b2").arm(200);
        timer("late").arm(301);
        assertThat(manual.nextDeadline()).isEqualTo(100);
        manual.advanceTo(300);
        assertThat(expired).containsExactly("a@100", "b@200", "b2@200");
        assertThat(manual.now()).isEqualTo(300);
        assertThat(manual.nextDeadline()).isEqualTo(301);
    }

    @Test
    void aTimerMayArmItselfAgainOnTheWay() {
        gate.open();
        var holder = new Timer[1];
        holder[0] = clock.timer(context -> {
            expired.add("tick@" + clock.now());
            holder[0].arm(clock.now() + 10);
        });
        holder[0].arm(10);
        manual.advanceTo(35);
        assertThat(expired).containsExactly("tick@10", "tick@20", "tick@30");
        assertThat(holder[0].deadline()).isEqualTo(40);
    }

    @Test
    void aDeadlineThatHasPassedExpiresAtOnceAfterTheRegisterAccess() {
        gate.open();
        manual.advanceTo(50);
        Timer timer = timer("past");
        gate.locked(epochs.context(), () -> {
            timer.arm(50);
            assertThat(expired).isEmpty();
        });
        assertThat(expired).containsExactly("past@50");
        assertThat(timer.deadline()).isEqualTo(-1);
    }

    @Test
    void cancelledAndRearmedTimersDoNotExpireEarly() {
        gate.open();
        Timer cancelled = timer("cancelled");
        cancelled.arm(10);
        cancelled.cancel();
        Timer moved = timer("moved");
        moved.arm(10);
        moved.arm(30);
        manual.advanceTo(20);
        assertThat(expired).isEmpty();
        manual.advanceTo(30);
        assertThat(expired).containsExactly("moved@30");
    }

    @Test
    void timersOfAParkedSlotWaitForItsGate() {
        timer("held").arm(10);
        Timer cancelled = timer("cancelled");
        cancelled.arm(10);
        manual.advanceTo(20);
        assertThat(expired).isEmpty();
        cancelled.cancel();
        gate.open();
        clock.gateOpened();
        assertThat(expired).containsExactly("held@20");
    }

    @Test
    void aRevokedClockRunsNothingAnyMore() {
        gate.open();
        Timer before = timer("before");
        before.arm(10);
        clock.revoke();
        before.arm(15);
        timer("after").arm(15);
        manual.advanceTo(20);
        assertThat(expired).isEmpty();
        assertThat(manual.nextDeadline()).isEqualTo(-1);
    }

    @Test
    void timeIsNotTurnedBackAndRealTimeIsNotPushed() {
        manual.advanceTo(10);
        assertThatThrownBy(() -> manual.advanceTo(9)).isInstanceOf(IllegalArgumentException.class);
        try (var real = new BoardTime("b", true)) {
            assertThatThrownBy(() -> real.advanceTo(Long.MAX_VALUE)).isInstanceOf(IllegalStateException.class);
        }
    }

    @Test
    void realTimeExpiresTimers() throws InterruptedException {
        gate.open();
        try (var real = new BoardTime("b", true)) {
            var both = new CountDownLatch(2);
            var realClock = new DeviceClock(real, gate, epochs);
            realClock.timer(context -> both.countDown()).arm(realClock.now() + 5_000_000);
            realClock.timer(context -> both.countDown()).arm(0);
            assertThat(both.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }

    @Test
    void whileItIsPausedNothingExpiresAndAfterwardsWhatCameDueMeanwhile() {
        gate.open();
        timer("first").arm(10);
        timer("second").arm(30);
        Timer past = timer("past");
        manual.pause();
        manual.advanceTo(20);
        past.arm(5);
        assertThat(manual.isPaused()).isTrue();
        assertThat(manual.now()).isEqualTo(20);
        assertThat(expired).isEmpty();

        manual.resume();
        assertThat(expired).containsExactly("past@20", "first@20");
        manual.advanceTo(30);
        assertThat(expired).endsWith("second@30");
    }

    @Test
    void aTimerThatIsPausedByAnotherWaits() {
        gate.open();
        clock.timer(context -> manual.pause()).arm(10);
        timer("later").arm(20);
        manual.advanceTo(30);
        assertThat(expired).isEmpty();
        manual.resume();
        assertThat(expired).containsExactly("later@30");
    }

    @Test
    void timersThatWaitForAGateWaitForThePausedClockToo() {
        timer("held").arm(10);
        manual.advanceTo(20);
        manual.pause();
        gate.open();
        clock.gateOpened();
        assertThat(expired).isEmpty();
        manual.resume();
        assertThat(expired).containsExactly("held@20");
    }

    @Test
    void realTimeStandsStillWhileItIsPaused() throws InterruptedException {
        gate.open();
        try (var real = new BoardTime("b", true)) {
            var realClock = new DeviceClock(real, gate, epochs);
            var expiry = new CountDownLatch(1);
            real.pause();
            long stopped = real.now();
            realClock.timer(context -> expiry.countDown()).arm(stopped + 1);
            assertThat(expiry.await(50, TimeUnit.MILLISECONDS)).isFalse();
            assertThat(real.now()).isEqualTo(stopped);

            real.resume();
            assertThat(expiry.await(20, TimeUnit.SECONDS)).isTrue();
            assertThat(real.now()).isGreaterThan(stopped);
        }
    }

    @Test
    void aTimerThatThrowsFailsItsDevice() {
        gate.open();
        clock.timer(context -> {
                    throw new IllegalStateException("planted");
                })
                .arm(5);
        manual.advanceTo(5);
        assertThat(gate.state()).isEqualTo(DeviceGate.State.FAILED);
    }
}
