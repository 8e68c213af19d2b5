package dev.backplane.gicv3.gic;

import dev.backplane.irq.CpuInterface;
import dev.backplane.memory.TransactionContext;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * The CPU interfaces: which interrupt a processor sees, and what it does with it (IHI 0069, chapter 4 and the
 * ICC registers). A processor number or INTID that does not exist is ignored. Thread-safe.
 */
final class CpuInterfaces implements CpuInterface {
    private final Distributor distributor;
    private final Redistributor[] redistributors;
    private volatile IntConsumer endListener = intid -> {};

    CpuInterfaces(Distributor distributor, Redistributor[] redistributors) {
        this.distributor = distributor;
        this.redistributors = redistributors;
    }

    /** Names who is told which SPIs software ends. */
    void onEnded(IntConsumer listener) {
        endListener = listener;
    }

    @Override
    public int processors() {
        return redistributors.length;
    }

    @Override
    public int highestPending(TransactionContext context, int processor, int group) {
        return take(context, processor, group, false);
    }

    @Override
    public int acknowledge(TransactionContext context, int processor, int group) {
        return take(context, processor, group, true);
    }

    private int take(TransactionContext context, int processor, int group, boolean activate) {
        if (!exists(processor)) {
            return SPURIOUS;
        }
        Redistributor redistributor = redistributors[processor];
        redistributor.lock().lock();
        try {
            // Held over choice and activation, so that a 1-of-N interrupt goes to one processor.
            distributor.lock().lock();
            try {
                int candidate = best(context, redistributor);
                while (redistributor.cpu().admits(candidate) && Candidate.group(candidate) == group) {
                    if (!activate || activate(redistributor, candidate)) {
                        return Candidate.intid(candidate);
                    }
                    candidate = best(context, redistributor);
                }
                return SPURIOUS;
            } finally {
                distributor.lock().unlock();
            }
        } finally {
            redistributor.lock().unlock();
        }
    }

    private int best(TransactionContext context, Redistributor redistributor) {
        CpuState cpu = redistributor.cpu();
        boolean group0 = cpu.isGroupEnabled(0) && distributor.isGroupEnabled(0);
        boolean group1 = cpu.isGroupEnabled(1) && distributor.isGroupEnabled(1);
        if (redistributor.isAsleep() || !group0 && !group1) {
            return Candidate.NONE;
        }
        return Math.min(
                redistributor.best(context, group0, group1),
                distributor.best(
                        redistributor.processor(),
                        group0,
                        group1,
                        redistributor.takesAny(0),
                        redistributor.takesAny(1)));
    }

    /** {@return false when an LPI lost its pending state meanwhile; pending bits of LPIs have no lock} */
    private boolean activate(Redistributor redistributor, int candidate) {
        int intid = Candidate.intid(candidate);
        if (intid >= LpiStore.FIRST) {
            if (!redistributor.lpis().clearPending(intid)) {
                return false;
            }
        } else if (intid >= 32) {
            distributor.spis().acknowledge(intid);
        } else {
            redistributor.bank().acknowledge(intid);
        }
        redistributor.cpu().activate(candidate);
        return true;
    }

    @Override
    public void endOfInterrupt(TransactionContext context, int processor, int group, int intid) {
        if (!exists(processor) || intid >= 1020 && intid < LpiStore.FIRST || group < 0 || group > 1) {
            return;
        }
        Redistributor redistributor = redistributors[processor];
        boolean deactivate;
        redistributor.lock().lock();
        try {
            deactivate = redistributor.cpu().drop(group) && !redistributor.cpu().eoiMode();
        } finally {
            redistributor.lock().unlock();
        }
        if (deactivate) {
            deactivate(context, processor, intid);
        }
    }

    @Override
    public void deactivate(TransactionContext context, int processor, int intid) {
        if (!exists(processor) || intid < 0) {
            return;
        }
        if (intid < 32) {
            Redistributor redistributor = redistributors[processor];
            redistributor.lock().lock();
            try {
                redistributor.bank().deactivate(intid);
            } finally {
                redistributor.lock().unlock();
            }
        } else if (distributor.spis().contains(intid)) {
            distributor.deactivate(intid);
            endListener.accept(intid);
        }
    }

    @Override
    public void setPriorityMask(TransactionContext context, int processor, int mask) {
        change(processor, cpu -> cpu.setPriorityMask(mask));
    }

    @Override
    public void setGroupEnable(TransactionContext context, int processor, int group, boolean enabled) {
        if (group == 0 || group == 1) {
            change(processor, cpu -> cpu.setGroupEnabled(group, enabled));
        }
    }

    @Override
    public boolean setEoiMode(TransactionContext context, int processor, boolean dropOnly) {
        change(processor, cpu -> cpu.setEoiMode(dropOnly));
        return true;
    }

    private void change(int processor, Consumer<CpuState> change) {
        if (exists(processor)) {
            Redistributor redistributor = redistributors[processor];
            redistributor.lock().lock();
            try {
                change.accept(redistributor.cpu());
            } finally {
                redistributor.lock().unlock();
            }
        }
    }

    @Override
    public void sendSgi(TransactionContext context, int source, long[] targets, int group, int intid) {
        if (intid < 0 || intid > 15) {
            return;
        }
        for (int processor = 0; processor < Math.min(redistributors.length, targets.length * 64); processor++) {
            if ((targets[processor >> 6] >>> processor & 1) != 0) {
                redistributors[processor].sendSgi(group, intid);
            }
        }
    }

    private boolean exists(int processor) {
        return processor >= 0 && processor < redistributors.length;
    }
}
