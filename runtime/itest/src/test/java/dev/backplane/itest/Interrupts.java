package dev.backplane.itest;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** A processor that does nothing but take interrupts, and counts them by INTID. */
final class Interrupts {
    private static final long PATIENCE = Duration.ofSeconds(60).toNanos();

    private final Gic gic;
    private final Map<Integer, AtomicLong> taken = new ConcurrentHashMap<>();

    Interrupts(Gic gic) {
        this.gic = gic;
    }

    private AtomicLong counter(int intid) {
        return taken.computeIfAbsent(intid, _ -> new AtomicLong());
    }

    /** {@return how many interrupts of an INTID were taken} */
    long taken(int intid) {
        return counter(intid).get();
    }

    /** {@return all counts by INTID} */
    Map<Integer, Long> all() {
        var counts = new TreeMap<Integer, Long>();
        taken.forEach((intid, count) -> counts.put(intid, count.get()));
        return counts;
    }

    /** Takes what is pending. {@return whether there was anything} */
    synchronized boolean take() {
        int intid = gic.take();
        if (intid >= 0) {
            counter(intid).incrementAndGet();
        }
        return intid >= 0;
    }

    /** Takes interrupts until so many of one INTID were taken. */
    void await(int intid, long count) {
        long end = System.nanoTime() + PATIENCE;
        while (taken(intid) < count) {
            if (!take()) {
                if (System.nanoTime() > end) {
                    throw new AssertionError("message %d of INTID %d did not arrive".formatted(count, intid));
                }
                Thread.onSpinWait();
            }
        }
    }
}
