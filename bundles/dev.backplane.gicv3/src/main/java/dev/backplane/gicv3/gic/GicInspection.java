package dev.backplane.gicv3.gic;

import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.InterruptInspection;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What a GIC shows of itself. Thread-safe; takes no lock for longer than one redistributor needs. */
final class GicInspection implements InterruptInspection {
    private final Distributor distributor;
    private final Redistributor[] redistributors;
    private final GuestErrors errors;
    private final Supplier<TransactionContext> contexts;

    GicInspection(
            Distributor distributor,
            Redistributor[] redistributors,
            GuestErrors errors,
            Supplier<TransactionContext> contexts) {
        this.distributor = distributor;
        this.redistributors = redistributors;
        this.errors = errors;
        this.contexts = contexts;
    }

    @Override
    public List<PendingInterrupt> pending() {
        var all = new ArrayList<PendingInterrupt>();
        distributor.lock().lock();
        try {
            addPending(all, -1, distributor.spis());
        } finally {
            distributor.lock().unlock();
        }
        TransactionContext context = contexts.get();
        for (Redistributor redistributor : redistributors) {
            redistributor.lock().lock();
            try {
                addPending(all, redistributor.processor(), redistributor.bank());
                addPendingLpis(all, context, redistributor);
            } finally {
                redistributor.lock().unlock();
            }
        }
        return all;
    }

    private static void addPending(List<PendingInterrupt> all, int processor, InterruptBank bank) {
        for (int word = 0; word < bank.words(); word++) {
            for (int bits = bank.pending(word); bits != 0; bits &= bits - 1) {
                int intid = bank.first() + word * 32 + Integer.numberOfTrailingZeros(bits);
                all.add(new PendingInterrupt(
                        processor,
                        intid,
                        bank.priorityOf(intid),
                        bank.isEnabled(intid),
                        bank.isActive(intid),
                        bank.groupOf(intid)));
            }
        }
    }

    private static void addPendingLpis(
            List<PendingInterrupt> all, TransactionContext context, Redistributor redistributor) {
        LpiStore lpis = redistributor.lpis();
        for (int intid = lpis.nextPending(0); intid >= 0; intid = lpis.nextPending(intid + 1)) {
            all.add(new PendingInterrupt(
                    redistributor.processor(),
                    intid,
                    lpis.priority(context, redistributor.memory(), intid),
                    lpis.isEnabled(context, redistributor.memory(), intid),
                    false,
                    1));
        }
    }

    @Override
    public InspectNode interrupt(int processor, int intid) {
        String name = "INTID " + intid;
        if (intid >= 32 && distributor.spis().contains(intid)) {
            distributor.lock().lock();
            try {
                return describe(name, "SPI", distributor.spis(), intid).with(route(intid));
            } finally {
                distributor.lock().unlock();
            }
        }
        if (intid < 0 || intid >= 32 && intid < LpiStore.FIRST) {
            return InspectNode.text(name, "none").withNote("this GIC has no such interrupt");
        }
        if (processor < 0 || processor >= redistributors.length) {
            return InspectNode.text(name, "none").withNote("there is no processor " + processor);
        }
        Redistributor redistributor = redistributors[processor];
        redistributor.lock().lock();
        try {
            return intid < 32
                    ? describe(name, intid < 16 ? "SGI" : "PPI", redistributor.bank(), intid)
                    : lpi(name, redistributor, intid);
        } finally {
            redistributor.lock().unlock();
        }
    }

    private static InspectNode describe(String name, String kind, InterruptBank bank, int intid) {
        return new InspectNode(name, kind, "", List.of(
                flag("pending", bank.isPending(intid)),
                flag("latched", bank.isLatched(intid)),
                flag("active", bank.isActive(intid)),
                flag("enabled", bank.isEnabled(intid)),
                InspectNode.hex("priority", bank.priorityOf(intid)),
                InspectNode.number("group", bank.groupOf(intid)),
                InspectNode.text("trigger", bank.isEdge(intid) ? "edge" : "level"),
                InspectNode.text("input", bank.isAsserted(intid) ? "asserted" : "deasserted")));
    }

    private InspectNode route(int intid) {
        long route = distributor.route(intid);
        int target = distributor.target(route);
        String note = Distributor.isAnyProcessor(route)
                ? "any participating processor"
                : target < 0 ? "no processor has this affinity" : "processor " + target;
        return InspectNode.hex("GICD_IROUTER", route).withNote(note);
    }

    private InspectNode lpi(String name, Redistributor redistributor, int intid) {
        LpiStore lpis = redistributor.lpis();
        if (!lpis.takes(intid)) {
            return InspectNode.text(name, "LPI").withNote(
                    lpis.isEnabled() ? "outside the LPI tables" : "LPIs are not enabled at this redistributor");
        }
        TransactionContext context = contexts.get();
        return new InspectNode(name, "LPI", "", List.of(
                flag("pending", lpis.isPending(intid)),
                flag("enabled", lpis.isEnabled(context, redistributor.memory(), intid)),
                InspectNode.hex("priority", lpis.priority(context, redistributor.memory(), intid)),
                InspectNode.number("group", 1),
                InspectNode.hex("configuration", lpis.configurationAddress(intid))
                        .withNote("byte in memory, %s".formatted(lpis.isCached(intid) ? "cached" : "not cached"))));
    }

    @Override
    public InspectNode processorsState() {
        var processors = new ArrayList<InspectNode>();
        for (Redistributor redistributor : redistributors) {
            redistributor.lock().lock();
            try {
                CpuState cpu = redistributor.cpu();
                processors.add(InspectNode.group("processor " + redistributor.processor(), List.of(
                        flag("asleep", redistributor.isAsleep()),
                        InspectNode.hex("ICC_PMR", cpu.priorityMask()),
                        flag("ICC_IGRPEN0", cpu.isGroupEnabled(0)),
                        flag("ICC_IGRPEN1", cpu.isGroupEnabled(1)),
                        InspectNode.hex("ICC_RPR", cpu.runningPriority()),
                        InspectNode.hex("ICC_AP0R0", Integer.toUnsignedLong(cpu.activePriorities(0))),
                        InspectNode.hex("ICC_AP1R0", Integer.toUnsignedLong(cpu.activePriorities(1))),
                        InspectNode.number("EOImode", cpu.eoiMode() ? 1 : 0),
                        redistributor.registers().inspect("GICR"))));
            } finally {
                redistributor.lock().unlock();
            }
        }
        return InspectNode.group("processors", processors);
    }

    /** {@return the whole GIC: distributor, redistributors, and what software did wrong} */
    InspectNode inspect() {
        InspectNode registers;
        distributor.lock().lock();
        try {
            registers = distributor.registers().inspect("GICD");
        } finally {
            distributor.lock().unlock();
        }
        return InspectNode.group("arm-gicv3", List.of(
                registers, processorsState(), InspectNode.number("guest errors", errors.total())));
    }

    private static InspectNode flag(String name, boolean value) {
        return InspectNode.text(name, value ? "yes" : "no");
    }
}
