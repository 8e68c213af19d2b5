package dev.backplane.kvm.sim;

import dev.backplane.accelerator.Irqchip;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * One SPI that events keep asserted until the guest ends the interrupt; then it is deasserted and all of them are told,
 * so that who still has a reason fires again. Thread-safe.
 */
final class Resampler {
    private final Irqchip irqchip;
    private final int intid;
    private final CopyOnWriteArrayList<Irqfd> sources = new CopyOnWriteArrayList<>();
    private boolean asserted;

    Resampler(Irqchip irqchip, int intid) {
        this.irqchip = irqchip;
        this.intid = intid;
    }

    /** A source fires. One that is being taken away does not: nobody would be left to end it. */
    synchronized void raise(Irqfd source) {
        if (source.isAssigned()) {
            sources.addIfAbsent(source);
            drive(true);
        }
    }

    private synchronized void drive(boolean level) {
        if (asserted != level) {
            asserted = level;
            irqchip.setSpi(intid, level);
        }
    }

    void ended() {
        drive(false);
        sources.forEach(source -> source.resample().signal());
    }

    synchronized void remove(Irqfd source) {
        if (sources.remove(source) && sources.isEmpty()) {
            drive(false);
        }
    }
}
