package dev.backplane.devices.fake;

import dev.backplane.memory.TransactionContext;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** A clock that a test steps; timers expire inside {@link #advance}, in the order of their deadlines. */
public final class FakeClock implements VirtualClock {
    private final List<FakeTimer> timers = new ArrayList<>();
    private final TransactionContext context = new FakeContext();
    private long now;

    public FakeClock(long now) {
        this.now = now;
    }

    @Override
    public long now() {
        return now;
    }

    @Override
    public Timer timer(Expiry expiry) {
        var timer = new FakeTimer(expiry);
        timers.add(timer);
        return timer;
    }

    /** Lets time pass. */
    public void advance(long nanos) {
        long end = now + nanos;
        while (true) {
            var next = timers.stream()
                    .filter(timer -> timer.deadline >= 0 && timer.deadline <= end)
                    .min(Comparator.comparingLong(timer -> timer.deadline));
            if (next.isEmpty()) {
                break;
            }
            now = Math.max(now, next.get().deadline);
            next.get().expire();
        }
        now = end;
    }

    private final class FakeTimer implements Timer {
        private final Expiry expiry;
        private long deadline = -1;

        FakeTimer(Expiry expiry) {
            this.expiry = expiry;
        }

        @Override
        public void arm(long newDeadline) {
            deadline = newDeadline;
            if (deadline <= now) {
                expire();
            }
        }

        void expire() {
            deadline = -1;
            expiry.expired(context);
        }

        @Override
        public void cancel() {
            deadline = -1;
        }

        @Override
        public long deadline() {
            return deadline;
        }
    }
}
