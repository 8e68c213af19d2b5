package dev.backplane.gicv2m.gic;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/**
 * A second, naive reading of IHI 0048B to compare with: interrupts are objects, running priorities a list of entries
 * instead of bits.
 */
final class ReferenceGic {
    /** One interrupt as one processor sees it; SPIs are one object for all. */
    static final class Irq {
        final int intid;
        boolean enabled;
        boolean latched;
        boolean input;
        boolean active;
        boolean edge;
        int group;
        int priority;
        final Set<Integer> targets = new HashSet<>();
        final Set<Integer> senders = new HashSet<>();

        Irq(int intid) {
            this.intid = intid;
            enabled = intid < 16;
            edge = intid < 16;
        }

        boolean pending() {
            return intid < 16 ? !senders.isEmpty() : latched || !edge && input;
        }
    }

    /** A priority that was activated and not dropped. */
    private record Running(int group, int groupPriority) {}

    final class Cpu {
        final int number;
        final List<Irq> own = new ArrayList<>();
        final Deque<Running> running = new ArrayDeque<>();
        final boolean[] groupEnabled = new boolean[2];
        boolean ackCtl;
        boolean cbpr;
        boolean eoiMode;
        int mask;
        int bpr;
        int abpr = 1;

        Cpu(int number) {
            this.number = number;
            for (int intid = 0; intid < 32; intid++) {
                own.add(new Irq(intid));
            }
        }

        Irq irq(int intid) {
            return intid < 32 ? own.get(intid) : spis.get(intid);
        }

        int runningPriority() {
            return running.stream().mapToInt(Running::groupPriority).min().orElse(256);
        }

        private int groupPriority(Irq irq) {
            int drop = irq.group == 1 && !cbpr ? abpr : bpr + 1;
            return irq.priority / (1 << drop) * (1 << drop);
        }

        private Irq best() {
            List<Irq> candidates = new ArrayList<>(own);
            spis.values().stream()
                    .filter(irq -> cpus.size() == 1 || irq.targets.contains(number))
                    .forEach(candidates::add);
            return candidates.stream()
                    .filter(irq -> irq.enabled && irq.pending() && !irq.active && forwarding[irq.group])
                    .min(Comparator.<Irq>comparingInt(irq -> irq.priority).thenComparingInt(irq -> irq.intid))
                    .orElse(null);
        }

        private Irq signalled() {
            Irq irq = best();
            boolean ok = irq != null
                    && groupEnabled[irq.group]
                    && irq.priority < mask
                    && groupPriority(irq) < runningPriority();
            return ok ? irq : null;
        }

        private int identity(Irq irq) {
            int sender = irq.intid < 16 ? irq.senders.stream().min(Integer::compare).orElseThrow() : 0;
            return irq.intid + 1024 * sender;
        }

        private int take(Irq irq) {
            int identity = identity(irq);
            irq.senders.remove(identity / 1024);
            irq.latched = false;
            irq.active = true;
            running.push(new Running(irq.group, groupPriority(irq)));
            return identity;
        }

        int highest(int group) {
            Irq irq = signalled();
            return irq == null || irq.group != group ? 1023 : irq.intid;
        }

        int hppir() {
            Irq irq = best();
            return irq == null ? 1023 : irq.group == 1 && !ackCtl ? 1022 : identity(irq);
        }

        int iar() {
            Irq irq = signalled();
            return irq == null ? 1023 : irq.group == 1 && !ackCtl ? 1022 : take(irq);
        }

        int acknowledge(int group) {
            Irq irq = signalled();
            return irq == null || irq.group != group ? 1023 : take(irq);
        }

        void eoi(int identity, boolean alias) {
            Irq irq = irq(identity % 1024);
            if (irq == null) {
                return;
            }
            boolean wrongGroup = alias ? irq.group == 0 : irq.group == 1 && !ackCtl;
            if (wrongGroup) {
                return;
            }
            end(irq, irq.group);
        }

        void end(Irq irq, int group) {
            if (irq == null || irq.group != group) {
                return;
            }
            running.stream()
                    .filter(entry -> entry.group == group)
                    .min(Comparator.comparingInt(Running::groupPriority))
                    .ifPresent(running::remove);
            if (!eoiMode) {
                irq.active = false;
            }
        }

        void deactivate(Irq irq) {
            if (irq != null && eoiMode) {
                irq.active = false;
            }
        }
    }

    final List<Cpu> cpus = new ArrayList<>();
    final TreeMap<Integer, Irq> spis = new TreeMap<>();
    final boolean[] forwarding = new boolean[2];

    ReferenceGic(int processors, int interrupts) {
        for (int intid = 32; intid < interrupts; intid++) {
            spis.put(intid, new Irq(intid));
        }
        for (int number = 0; number < processors; number++) {
            cpus.add(new Cpu(number));
        }
    }

    void input(int intid, boolean level) {
        Irq irq = spis.get(intid);
        if (irq != null) {
            drive(irq, level);
        }
    }

    void drive(Irq irq, boolean level) {
        irq.latched |= irq.edge && level && !irq.input;
        irq.input = level;
    }

    void sgi(int source, int targets, int intid) {
        for (Cpu cpu : cpus) {
            if ((targets >> cpu.number) % 2 != 0) {
                cpu.own.get(intid).senders.add(source);
            }
        }
    }
}
