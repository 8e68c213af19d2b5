package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceLog;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.smmuv3.control.Command;
import java.util.Arrays;

/**
 * Invalidation commands on their way to the host, in the order in which software gave them. Filled and handed on by
 * whichever thread runs the command queue; may be emptied by another one. Thread-safe.
 */
final class InvalidationBatch {
    private final Assignments assignments;
    private final Counters counters;
    private final DeviceLog log;
    private long[] words = new long[128];
    /** Which of the collected commands each one is. */
    private int[] places = new int[64];
    private int count;
    private int collected;

    InvalidationBatch(Assignments assignments, Counters counters, DeviceLog log) {
        this.assignments = assignments;
        this.counters = counters;
        this.log = log;
    }

    /** Collects a command that the host is to carry out. */
    synchronized void add(Command command) {
        if (count == places.length) {
            words = Arrays.copyOf(words, 4 * count);
            places = Arrays.copyOf(places, 2 * count);
        }
        words[2 * count] = command.low();
        words[2 * count + 1] = command.high();
        places[count++] = collected++;
    }

    /** Collects a command that is complete as it is. */
    synchronized void pass() {
        collected++;
        counters.dropped.increment();
    }

    synchronized void clear() {
        count = 0;
        collected = 0;
    }

    /**
     * Hands everything to the host.
     *
     * @return how many of the commands collected last have not been carried out
     */
    synchronized int finish() {
        if (count != 0) {
            counters.batches.increment();
        }
        int done = 0;
        boolean singly = false;
        Errno refusal = null;
        while (done < count && refusal == null) {
            int handed = singly ? 1 : count - done;
            Viommu.Invalidated result =
                    assignments.invalidate(Arrays.copyOfRange(words, 2 * done, 2 * (done + handed)), handed);
            int handled = Math.clamp(result.handled(), 0, handed);
            done += handled;
            counters.forwarded.add(handled);
            if (handled == handed) {
                continue;
            }
            counters.resumed.increment();
            boolean failed = result.error() != null || handled == 0;
            if (failed && handed == 1 && isOfNobody(done)) {
                done++;
                counters.dropped.increment();
            } else if (failed && handed == 1) {
                refusal = result.error() == null ? Errno.EIO : result.error();
            } else {
                // A host may refuse many for one of them, and not say for which: from here they go one by one.
                singly |= failed;
            }
        }
        return end(done, refusal);
    }

    /** Its device was unplugged after software gave the command: nothing is cached for it any more. */
    private boolean isOfNobody(int index) {
        var command = new Command(words[2 * index], words[2 * index + 1]);
        return switch (command.code().orElse(null)) {
            case CFGI_CD, CFGI_CD_ALL, ATC_INV -> !assignments.isNamed(command.streamId());
            case null, default -> false;
        };
    }

    private int end(int done, Errno refusal) {
        int left = 0;
        if (refusal != null) {
            left = collected - places[done];
            counters.refused.increment();
            log.hostError("command %s was refused by the host: %s".formatted(
                    new Command(words[2 * done], words[2 * done + 1]).name(), refusal));
        }
        clear();
        return left;
    }
}
