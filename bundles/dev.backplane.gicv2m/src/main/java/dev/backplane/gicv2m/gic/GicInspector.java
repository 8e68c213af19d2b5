package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.InterruptStates.ACTIVE;
import static dev.backplane.gicv2m.gic.InterruptStates.EDGE;
import static dev.backplane.gicv2m.gic.InterruptStates.ENABLED;
import static dev.backplane.gicv2m.gic.InterruptStates.FIRST_PPI;
import static dev.backplane.gicv2m.gic.InterruptStates.FIRST_SPI;
import static dev.backplane.gicv2m.gic.InterruptStates.GROUP1;
import static dev.backplane.gicv2m.gic.InterruptStates.INPUT;
import static dev.backplane.gicv2m.gic.InterruptStates.LATCHED;

import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.InterruptInspection.PendingInterrupt;
import java.util.ArrayList;
import java.util.List;

/** Shows a {@link Gic} without touching its state. Not thread-safe. */
final class GicInspector {
    private static final int SHARED = -1;

    private final Gic gic;
    private final InterruptStates states;

    GicInspector(Gic gic) {
        this.gic = gic;
        states = gic.states;
    }

    List<PendingInterrupt> pending() {
        var all = new ArrayList<PendingInterrupt>();
        addPending(all, SHARED, FIRST_SPI, states.interrupts);
        for (int processor = 0; processor < states.processors; processor++) {
            addPending(all, processor, 0, FIRST_SPI);
        }
        return List.copyOf(all);
    }

    private void addPending(List<PendingInterrupt> all, int processor, int from, int to) {
        int bank = Math.max(0, processor);
        for (int intid = from; intid < to; intid++) {
            if (states.isPending(bank, intid)) {
                all.add(new PendingInterrupt(
                        processor,
                        intid,
                        states.priority(bank, intid),
                        states.is(ENABLED, bank, intid),
                        states.is(ACTIVE, bank, intid),
                        states.is(GROUP1, bank, intid) ? 1 : 0));
            }
        }
    }

    InspectNode interrupt(int processor, int intid) {
        var facts = new ArrayList<InspectNode>();
        boolean pending = states.isPending(processor, intid);
        boolean active = states.is(ACTIVE, processor, intid);
        facts.add(InspectNode.text("kind", intid < FIRST_PPI ? "SGI" : intid < FIRST_SPI ? "PPI" : "SPI"));
        facts.add(InspectNode.text(
                "state", pending ? active ? "active and pending" : "pending" : active ? "active" : "inactive"));
        facts.add(flag("enabled", ENABLED, processor, intid));
        facts.add(InspectNode.number("group", states.is(GROUP1, processor, intid) ? 1 : 0));
        facts.add(InspectNode.hex("priority", states.priority(processor, intid)));
        facts.add(InspectNode.text("trigger", states.is(EDGE, processor, intid) ? "edge" : "level"));
        if (intid < FIRST_PPI) {
            facts.add(InspectNode.hex("sources", states.sources(processor, intid))
                    .withNote("processors whose SGI is pending, one bit each"));
        } else {
            facts.add(flag("latched", LATCHED, processor, intid));
            facts.add(flag("input", INPUT, processor, intid));
        }
        if (intid >= FIRST_SPI) {
            facts.add(InspectNode.hex("targets", states.targets(intid)).withNote("processors, one bit each"));
        }
        return InspectNode.group("INTID " + intid, facts);
    }

    private InspectNode flag(String name, int flag, int processor, int intid) {
        return InspectNode.text(name, states.is(flag, processor, intid) ? "yes" : "no");
    }

    InspectNode processors() {
        var all = new ArrayList<InspectNode>();
        for (int i = 0; i < states.processors; i++) {
            CpuInterfaceState processor = gic.processors[i];
            all.add(InspectNode.group(
                    "processor " + i,
                    List.of(
                            InspectNode.hex("GICC_CTLR", processor.control),
                            InspectNode.hex("GICC_PMR", processor.priorityMask),
                            InspectNode.hex("GICC_BPR", processor.binaryPoint),
                            InspectNode.hex("GICC_ABPR", processor.aliasedBinaryPoint),
                            InspectNode.hex("GICC_RPR", processor.readRunningPriority()),
                            InspectNode.number("highest pending", gic.forwarded(i)))));
        }
        return InspectNode.group("processors", all);
    }

    InspectNode all() {
        return InspectNode.group(
                "arm_gic",
                List.of(
                        InspectNode.group(
                                "GICD",
                                List.of(
                                        register(GicdRegister.CTLR),
                                        register(GicdRegister.TYPER),
                                        register(GicdRegister.IIDR))),
                        processors()));
    }

    private InspectNode register(GicdRegister register) {
        return InspectNode.hex("GICD_" + register, gic.distributor.read(0, register.offset, 4));
    }
}
