package dev.backplane.core.time;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.core.epoch.EpochDomain;
import dev.backplane.core.memory.DeviceGate;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.List;

/**
 * The board's time as one model sees it. Its timers expire inside an epoch and under the device's lock; while the gate
 * is not open they wait for it. {@link #revoke} ends them all.
 */
public final class DeviceClock implements VirtualClock {
    private final BoardTime time;
    private final DeviceGate gate;
    private final EpochDomain epochs;
    private final List<DeviceTimer> timers = new ArrayList<>();
    private final List<DeviceTimer> waiting = new ArrayList<>();
    private boolean revoked;

    /**
     * Makes the clock of one model.
     *
     * @param time the board's time
     * @param gate the gate of the model's slot
     * @param epochs grace periods of the board
     */
    public DeviceClock(BoardTime time, DeviceGate gate, EpochDomain epochs) {
        this.time = time;
        this.gate = gate;
        this.epochs = epochs;
    }

    @Override
    public long now() {
        return time.now();
    }

    @Override
    public synchronized Timer timer(Expiry expiry) {
        var timer = new DeviceTimer(this, time, expiry);
        if (revoked) {
            timer.revoke();
        } else {
            timers.add(timer);
        }
        return timer;
    }

    /** Lets timers expire that came due while the gate was closed; call it after the gate has opened. */
    public void gateOpened() {
        List<DeviceTimer> due;
        synchronized (this) {
            due = List.copyOf(waiting);
            waiting.clear();
        }
        due.forEach(time.isPaused() ? DeviceTimer::queueAgain : this::expire);
    }

    /** Cancels all timers for good and forgets the model's code. */
    public void revoke() {
        List<DeviceTimer> all;
        synchronized (this) {
            revoked = true;
            all = List.copyOf(timers);
            timers.clear();
            waiting.clear();
        }
        all.forEach(DeviceTimer::revoke);
    }

    /** A deadline was set that has passed: expires as an effect of the register access that set it, or now. */
    void expireNow(DeviceTimer timer) {
        if (gate.isLockedByCurrentThread()) {
            gate.defer(context -> expire(timer));
        } else {
            expire(timer);
        }
    }

    void expire(DeviceTimer timer) {
        EpochContext context = epochs.context();
        context.enter();
        try {
            // Inside the epoch: whoever parks the gate after this look waits for the expiry to end.
            synchronized (this) {
                if (!gate.isOpen()) {
                    if (!revoked) {
                        waiting.add(timer);
                    }
                    return;
                }
            }
            gate.locked(context, () -> {
                Expiry expiry = timer.take();
                if (expiry != null) {
                    expiry.expired(context);
                }
            });
        } finally {
            context.exit();
        }
    }
}
