package dev.backplane.gicv3.gic;

import dev.backplane.device.DeviceLog;
import java.util.concurrent.atomic.LongAdder;

/** Counts and notes what software does wrong at the registers. Thread-safe; usable before the log is there. */
final class GuestErrors {
    private final LongAdder count = new LongAdder();
    private volatile DeviceLog log;

    void log(DeviceLog device) {
        log = device;
    }

    void count(String format, Object... arguments) {
        count.increment();
        DeviceLog device = log;
        if (device != null) {
            device.guestError(format.formatted(arguments));
        }
    }

    long total() {
        return count.sum();
    }
}
