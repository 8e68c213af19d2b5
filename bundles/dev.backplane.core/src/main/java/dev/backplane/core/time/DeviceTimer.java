package dev.backplane.core.time;

import dev.backplane.time.VirtualClock.Expiry;
import dev.backplane.time.VirtualClock.Timer;

/** One timer of one model. It forgets the model's code when the clock of the model is revoked. */
final class DeviceTimer implements Timer {
    private final DeviceClock clock;
    private final BoardTime time;
    private Expiry expiry;
    private BoardTime.Alarm alarm;

    DeviceTimer(DeviceClock clock, BoardTime time, Expiry expiry) {
        this.clock = clock;
        this.time = time;
        this.expiry = expiry;
    }

    @Override
    public void arm(long deadline) {
        synchronized (this) {
            if (expiry == null) {
                return;
            }
            disarm();
            alarm = time.schedule(this, deadline);
        }
        if (!time.isRealTime() && !time.isPaused() && deadline <= time.now()) {
            clock.expireNow(this);
        }
    }

    @Override
    public synchronized void cancel() {
        disarm();
    }

    @Override
    public synchronized long deadline() {
        return alarm == null ? -1 : alarm.deadline();
    }

    private void disarm() {
        if (alarm != null) {
            time.remove(alarm);
            alarm = null;
        }
    }

    /** The deadline has come; called by the clock's driver, which has taken the alarm out of its queue. */
    void due() {
        clock.expire(this);
    }

    /** Waits for the clock to go on, unless it was cancelled; the alarm came due while the gate was closed. */
    synchronized void queueAgain() {
        if (alarm != null) {
            time.remove(alarm);
            alarm = time.schedule(this, alarm.deadline());
        }
    }

    /** {@return what to run, or null when the timer was cancelled or armed anew meanwhile; disarms the timer} */
    synchronized Expiry take() {
        if (alarm == null || alarm.deadline() > time.now()) {
            return null;
        }
        disarm();
        return expiry;
    }

    synchronized void revoke() {
        disarm();
        expiry = null;
    }
}
