package dev.backplane.gicv3.gic;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A GICv3 written down naively, one object an interrupt, straight from the state machines of IHI 0069 chapter 4: what
 * the real one is held against. It shares no code with it.
 */
final class ReferenceGic {
    static final int SPURIOUS = 1023;

    /** An interrupt: an SPI, or what one processor has of an SGI, PPI or LPI. */
    static final class Interrupt {
        final int intid;
        boolean enabled;
        boolean group1;
        boolean edge;
        boolean latched;
        boolean input;
        boolean message;
        boolean active;
        int priority;
        /** SPIs: processor that it is routed to, -1 for nobody, -2 for any that participates. */
        int target;
        /** LPIs: what the configuration table says, of which the redistributor may have an older copy. */
        int tableEntry;

        boolean copied;

        Interrupt(int intid) {
            this.intid = intid;
            edge = intid < 16;
        }

        boolean pending() {
            return latched || !edge && (input || message);
        }
    }

    /** A processor. */
    static final class Processor {
        final Map<Integer, Interrupt> own = new HashMap<>();
        boolean asleep = true;
        int mask;
        final boolean[] enabled = new boolean[2];
        final boolean[] refusesAny = new boolean[2];
        boolean eoiMode;
        boolean lpisEnabled;
        /** Priorities in service, most urgent last, each as priority * 2 + group. */
        final List<Integer> inService = new ArrayList<>();

        int running() {
            return inService.isEmpty() ? 256 : inService.getLast() / 2;
        }
    }

    final Processor[] processors;
    final Map<Integer, Interrupt> spis = new HashMap<>();
    final boolean[] enabled = new boolean[2];

    ReferenceGic(int count, int spiCount) {
        processors = new Processor[count];
        for (int i = 0; i < count; i++) {
            processors[i] = new Processor();
            for (int intid = 0; intid < 32; intid++) {
                processors[i].own.put(intid, new Interrupt(intid));
            }
        }
        for (int intid = 32; intid < 32 + spiCount; intid++) {
            spis.put(intid, new Interrupt(intid));
        }
    }

    Interrupt interrupt(int processor, int intid) {
        return intid >= 32 && intid < 8192
                ? spis.get(intid)
                : processors[processor].own.computeIfAbsent(intid, ReferenceGic::lpi);
    }

    private static Interrupt lpi(int intid) {
        var lpi = new Interrupt(intid);
        lpi.edge = true;
        lpi.group1 = true;
        return lpi;
    }

    /** Reads the configuration of an LPI when the redistributor has no copy of it. */
    private static void copyConfiguration(Interrupt lpi) {
        if (!lpi.copied) {
            lpi.copied = true;
            lpi.enabled = (lpi.tableEntry & 1) != 0;
            lpi.priority = lpi.tableEntry & 0xF8;
        }
    }

    /** Drives an input. */
    void input(int intid, boolean asserted) {
        if (spis.get(intid) != null) {
            drive(spis.get(intid), asserted);
        }
    }

    /** Drives the input of a PPI. */
    void privateInput(int processor, int intid, boolean asserted) {
        drive(interrupt(processor, intid), asserted);
    }

    private static void drive(Interrupt interrupt, boolean asserted) {
        if (asserted && !interrupt.input && interrupt.edge) {
            interrupt.latched = true;
        }
        interrupt.input = asserted;
    }

    void message(int intid, boolean asserted) {
        Interrupt spi = spis.get(intid);
        if (spi != null) {
            if (spi.edge) {
                spi.latched = asserted;
            } else {
                spi.message = asserted;
            }
        }
    }

    private Interrupt best(int number) {
        Processor processor = processors[number];
        if (processor.asleep) {
            return null;
        }
        Interrupt best = null;
        var candidates = new ArrayList<>(processor.own.values());
        candidates.addAll(spis.values());
        for (Interrupt candidate : candidates) {
            int group = candidate.group1 ? 1 : 0;
            boolean isLpi = candidate.intid >= 8192;
            if (!candidate.pending()
                    || candidate.active
                    || !enabled[group]
                    || !processor.enabled[group]
                    || isLpi && !processor.lpisEnabled) {
                continue;
            }
            if (isLpi) {
                copyConfiguration(candidate);
            }
            boolean isSpi = candidate.intid >= 32 && !isLpi;
            if (!candidate.enabled
                    || isSpi && candidate.target == -2 && processor.refusesAny[group]
                    || isSpi && candidate.target != -2 && candidate.target != number) {
                continue;
            }
            if (best == null
                    || candidate.priority < best.priority
                    || candidate.priority == best.priority && candidate.intid < best.intid) {
                best = candidate;
            }
        }
        return best != null && best.priority < processor.mask && best.priority < processor.running() ? best : null;
    }

    int highest(int processor, int group) {
        Interrupt best = best(processor);
        return best != null && best.group1 == (group == 1) ? best.intid : SPURIOUS;
    }

    int acknowledge(int processor, int group) {
        Interrupt best = best(processor);
        if (best == null || best.group1 != (group == 1)) {
            return SPURIOUS;
        }
        best.latched = false;
        best.active = best.intid < 8192;
        processors[processor].inService.add(best.priority * 2 + group);
        return best.intid;
    }

    void endOfInterrupt(int processor, int group, int intid) {
        List<Integer> inService = processors[processor].inService;
        if (intid >= 1020 && intid <= 1023 || inService.isEmpty() || inService.getLast() % 2 != group) {
            return;
        }
        inService.removeLast();
        if (!processors[processor].eoiMode) {
            deactivate(processor, intid);
        }
    }

    void deactivate(int processor, int intid) {
        if (intid < 8192) {
            Interrupt interrupt = interrupt(processor, intid);
            if (interrupt != null) {
                interrupt.active = false;
            }
        }
    }

    void sgi(int processor, int group, int intid) {
        Interrupt sgi = processors[processor].own.get(intid);
        if (sgi.group1 == (group == 1)) {
            sgi.latched = true;
        }
    }
}
