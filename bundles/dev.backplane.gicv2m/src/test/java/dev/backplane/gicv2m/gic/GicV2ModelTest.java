package dev.backplane.gicv2m.gic;

import static dev.backplane.gicv2m.gic.GicV2Fixture.*;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.gicv2m.gic.ReferenceGic.Irq;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Random programs against {@link ReferenceGic}, with hand-overs on the way. */
class GicV2ModelTest {
    private static final int STEPS = 25_000;
    private static final int INTERRUPTS = 96;

    private GicV2Fixture gic;
    private ReferenceGic reference;
    private SplittableRandom random;
    private int taken;

    @ParameterizedTest(name = "seed {0}, {1} processors")
    @CsvSource({"1, 1", "2, 2", "3, 4", "4, 8"})
    void behavesLikeTheReference(long seed, int processors) throws RestoreException {
        random = new SplittableRandom(seed);
        gic = new GicV2Fixture(processors, INTERRUPTS);
        reference = new ReferenceGic(processors, INTERRUPTS);
        for (int step = 0; step < STEPS; step++) {
            String where = "seed " + seed + ", step " + step;
            if (random.nextInt(200) == 0) {
                handOver();
            }
            step(where);
            compareProcessor(where, random.nextInt(processors));
            if (step % 100 == 0) {
                compareEverything(where);
            }
        }
        compareEverything("seed " + seed + ", end");
        assertThat(taken).as("seed %d: interrupts taken on the way", seed).isGreaterThan(STEPS / 100);
    }

    private void handOver() throws RestoreException {
        gic.device.quiesce();
        SavedState state = gic.device.save();
        var next = new GicV2Fixture(gic.device.processors(), INTERRUPTS);
        next.device.restore(state);
        next.device.resume();
        gic = next;
    }

    private void step(String where) {
        int processor = random.nextInt(reference.cpus.size());
        switch (random.nextInt(12)) {
            case 0, 1 -> input();
            case 2 -> sgi(processor);
            case 3 -> configure();
            case 4 -> writeDistributor();
            case 5 -> configureInterface(processor);
            case 6, 7, 8 -> acknowledge(where, processor);
            default -> end(processor);
        }
    }

    private int intid() {
        // A few interrupts meet often; any of them may come, also one that does not exist.
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(INTERRUPTS);
            case 1 -> INTERRUPTS + random.nextInt(1024 - INTERRUPTS);
            case 2 -> random.nextInt(4);
            default -> 30 + random.nextInt(8);
        };
    }

    private void input() {
        if (random.nextInt(4) == 0) {
            int processor = random.nextInt(reference.cpus.size());
            int ppi = 30 + random.nextInt(2);
            boolean level = random.nextBoolean();
            assertThat(gic.device.setPrivateInput(gic.context, processor, ppi, level)).isTrue();
            reference.drive(reference.cpus.get(processor).irq(ppi), level);
            return;
        }
        int intid = 32 + random.nextInt(8);
        boolean level = random.nextBoolean();
        gic.level(intid, level);
        reference.input(intid, level);
    }

    private void sgi(int source) {
        int targets = random.nextInt(256);
        int intid = random.nextInt(4);
        if (source == 0 && random.nextBoolean()) {
            int filter = random.nextInt(4);
            gic.gicd.writel(SGIR, (long) filter << 24 | (long) targets << 16 | intid);
            int effective = filter == 0 ? targets : filter == 1 ? 0xFE : filter == 2 ? 0x01 : 0;
            reference.sgi(0, effective, intid);
        } else {
            gic.device.sendSgi(gic.context, source, new long[] {targets}, random.nextInt(2), intid);
            reference.sgi(source, targets, intid);
        }
    }

    private void configure() {
        int intid = 30 + random.nextInt(10);
        int priority = random.nextInt(256);
        int targets = random.nextInt(256);
        boolean edge = random.nextBoolean();
        gic.spi(intid, priority, targets, edge);
        Irq irq = reference.cpus.getFirst().irq(intid);
        irq.priority = priority;
        irq.edge = edge;
        irq.enabled = true;
        if (intid >= 32) {
            irq.targets.clear();
            for (int cpu = 0; cpu < reference.cpus.size(); cpu++) {
                if ((targets >> cpu & 1) != 0) {
                    irq.targets.add(cpu);
                }
            }
        }
    }

    private void writeDistributor() {
        int word = random.nextInt(INTERRUPTS / 32);
        long value = random.nextInt() & random.nextInt() & 0xFFFF_FFFFL;
        int kind = random.nextInt(10);
        long register =
                switch (kind) {
                    case 0 -> IGROUPR;
                    case 1 -> ISENABLER;
                    case 2 -> ICENABLER;
                    case 3 -> ISPENDR;
                    case 4 -> ICPENDR;
                    case 5 -> ISACTIVER;
                    case 6 -> ICACTIVER;
                    default -> -1;
                };
        if (register >= 0) {
            gic.gicd.writel(register + word * 4, value);
            for (int bit = 0; bit < 32; bit++) {
                apply(kind, reference.cpus.getFirst().irq(word * 32 + bit), (value >> bit & 1) != 0);
            }
        } else if (kind == 7) {
            gic.gicd.writel(CTLR, random.nextInt(4) == 0 ? value : 3);
            long control = gic.gicd.readl(CTLR);
            reference.forwarding[0] = (control & 1) != 0;
            reference.forwarding[1] = (control & 2) != 0;
        } else {
            int sgi = random.nextInt(4);
            int sources = random.nextInt(256);
            boolean set = random.nextBoolean();
            gic.gicd.write((set ? SPENDSGIR : CPENDSGIR) + sgi, 1, sources);
            for (int source = 0; source < reference.cpus.size(); source++) {
                if ((sources >> source & 1) != 0) {
                    var senders = reference.cpus.getFirst().own.get(sgi).senders;
                    boolean _ = set ? senders.add(source) : senders.remove(source);
                }
            }
        }
    }

    private static void apply(int kind, Irq irq, boolean one) {
        boolean sgi = irq.intid < 16;
        switch (kind) {
            case 0 -> irq.group = one ? 1 : 0;
            case 1, 2 -> irq.enabled = one && !sgi ? kind == 1 : irq.enabled;
            case 3, 4 -> irq.latched = one && !sgi ? kind == 3 : irq.latched;
            default -> irq.active = one ? kind == 5 : irq.active;
        }
    }

    private void configureInterface(int processor) {
        ReferenceGic.Cpu cpu = reference.cpus.get(processor);
        switch (random.nextInt(4)) {
            case 0 -> {
                int mask = random.nextBoolean() ? 0xFF : random.nextInt(256);
                gic.device.setPriorityMask(gic.context, processor, mask);
                cpu.mask = mask;
            }
            case 1 -> {
                int group = random.nextInt(2);
                boolean enabled = random.nextInt(4) != 0;
                gic.device.setGroupEnable(gic.context, processor, group, enabled);
                cpu.groupEnabled[group] = enabled;
            }
            case 2 -> {
                int control = random.nextInt();
                gic.gicc.writel(C_CTLR, control);
                ReferenceGic.Cpu first = reference.cpus.getFirst();
                first.groupEnabled[0] = (control & 1) != 0;
                first.groupEnabled[1] = (control & 2) != 0;
                first.ackCtl = (control & 4) != 0;
                first.cbpr = (control & 0x10) != 0;
                first.eoiMode = (control & 0x200) != 0;
            }
            default -> {
                int point = random.nextInt(8);
                boolean aliased = random.nextBoolean();
                gic.gicc.writel(aliased ? C_ABPR : C_BPR, point);
                if (aliased) {
                    reference.cpus.getFirst().abpr = Math.max(1, point);
                } else {
                    reference.cpus.getFirst().bpr = point;
                }
            }
        }
    }

    private void acknowledge(String where, int processor) {
        ReferenceGic.Cpu cpu = reference.cpus.get(processor);
        int group = random.nextInt(2);
        if (processor == 0 && random.nextBoolean()) {
            boolean any = group == 0;
            int expected = any ? cpu.iar() : cpu.acknowledge(1);
            assertThat(gic.gicc.readl(any ? C_IAR : C_AIAR)).as(where).isEqualTo(expected);
            taken += expected % 1024 < INTERRUPTS ? 1 : 0;
        } else {
            int expected = cpu.acknowledge(group) % 1024;
            assertThat(gic.device.acknowledge(gic.context, processor, group)).as(where).isEqualTo(expected);
            taken += expected < INTERRUPTS ? 1 : 0;
        }
    }

    private void end(int processor) {
        ReferenceGic.Cpu cpu = reference.cpus.get(processor);
        int intid = random.nextInt(3) == 0 ? intid() : activeIntid(cpu);
        int group = random.nextInt(2);
        if (random.nextInt(4) == 0) {
            gic.device.deactivate(gic.context, processor, intid);
            cpu.deactivate(cpu.irq(intid));
        } else if (processor == 0 && random.nextBoolean()) {
            gic.gicc.writel(group == 0 ? C_EOIR : C_AEOIR, random.nextInt(8) << 10 | intid);
            cpu.eoi(intid, group == 1);
        } else {
            gic.device.endOfInterrupt(gic.context, processor, group, intid);
            cpu.end(cpu.irq(intid), group);
        }
    }

    /** {@return an INTID that is active, or 1023 when none is} */
    private int activeIntid(ReferenceGic.Cpu cpu) {
        int start = random.nextInt(INTERRUPTS);
        for (int i = 0; i < INTERRUPTS; i++) {
            int intid = (start + i) % INTERRUPTS;
            if (cpu.irq(intid).active) {
                return intid;
            }
        }
        return 1023;
    }

    private void compareProcessor(String where, int processor) {
        ReferenceGic.Cpu cpu = reference.cpus.get(processor);
        for (int group = 0; group < 2; group++) {
            assertThat(gic.device.highestPending(gic.context, processor, group))
                    .as("%s: processor %d, group %d", where, processor, group)
                    .isEqualTo(cpu.highest(group));
        }
        if (processor == 0) {
            assertThat(gic.gicc.readl(C_HPPIR)).as(where + ": GICC_HPPIR").isEqualTo(cpu.hppir());
            assertThat(gic.gicc.readl(C_RPR)).as(where + ": GICC_RPR").isEqualTo(Math.min(255, cpu.runningPriority()));
        }
    }

    private void compareEverything(String where) {
        int pending = 0;
        for (ReferenceGic.Cpu cpu : reference.cpus) {
            pending += (int) cpu.own.stream().filter(Irq::pending).count();
        }
        pending += (int) reference.spis.values().stream().filter(Irq::pending).count();
        assertThat(gic.device.pending()).as(where + ": pending").hasSize(pending);
        for (int intid = 0; intid < INTERRUPTS; intid++) {
            Irq irq = reference.cpus.getFirst().irq(intid);
            String what = where + ": INTID " + intid;
            assertThat(gic.isPending(intid)).as(what + " pending").isEqualTo(irq.pending());
            assertThat(gic.isActive(intid)).as(what + " active").isEqualTo(irq.active);
            assertThat(gic.bit(ISENABLER, intid)).as(what + " enabled").isEqualTo(irq.enabled);
            assertThat(gic.bit(IGROUPR, intid)).as(what + " group").isEqualTo(irq.group == 1);
            assertThat(gic.gicd.read(IPRIORITYR + intid, 1)).as(what + " priority").isEqualTo(irq.priority);
        }
    }

    @ParameterizedTest
    @CsvSource({"11, 1", "12, 4", "13, 8"})
    void anyAccessIsAnsweredAndRestoresToTheSameState(long seed, int processors) throws RestoreException {
        random = new SplittableRandom(seed);
        gic = new GicV2Fixture(processors, 1020);
        for (int step = 0; step < 20_000; step++) {
            boolean distributor = random.nextBoolean();
            int size = distributor && random.nextInt(3) == 0 ? 1 : 4;
            long offset = random.nextInt(distributor ? 0x1000 : 0x2000) & -size;
            var bus = distributor ? gic.gicd : gic.gicc;
            if (random.nextBoolean()) {
                bus.tryRead(offset, size);
            } else {
                bus.write(offset, size, random.nextLong() & (size == 1 ? 0xFF : 0xFFFF_FFFFL));
            }
        }
        var next = new GicV2Fixture(processors, 1020);
        next.device.restore(gic.device.save());
        for (long offset = 0; offset < 0x1000; offset += 4) {
            assertThat(next.gicd.readl(offset))
                    .as("seed %d, GICD 0x%x", seed, offset)
                    .isEqualTo(gic.gicd.readl(offset));
        }
        for (long offset = 0; offset < 0x2000; offset += 4) {
            assertThat(next.gicc.readl(offset))
                    .as("seed %d, GICC 0x%x", seed, offset)
                    .isEqualTo(gic.gicc.readl(offset));
        }
    }

    @Test
    void resetKeepsTheLevelsOfTheInputsOnly() {
        gic = new GicV2Fixture(2, 96).open();
        gic.spi(40, 0x10, 1, false);
        gic.spi(41, 0x10, 1, true);
        gic.level(40, true);
        gic.pulse(41);
        gic.gicc.readl(C_IAR);
        gic.device.reset(ResetKind.COLD, ResetPhase.ENTER);
        assertThat(gic.gicd.readl(CTLR)).isZero();
        assertThat(gic.gicc.readl(C_RPR)).isEqualTo(0xFF);
        assertThat(gic.gicc.readl(C_PMR)).isZero();
        assertThat(gic.isPending(41)).isFalse();
        assertThat(gic.isActive(40)).isFalse();
        assertThat(gic.isPending(40)).as("its wire is still high").isTrue();
    }

    @Test
    void refusesStatesThatDoNotFit() {
        gic = new GicV2Fixture(2, 96);
        SavedState state = gic.device.save();
        assertThatThrownBy(() -> new GicV2Fixture(4, 96).device.restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("processors: 2");
        assertThatThrownBy(() -> new GicV2Fixture(2, 128).device.restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("interrupts: 96");
        assertThatThrownBy(() -> gic.device.restore(new SavedState("arm-gicv3", 1, Map.of())))
                .isInstanceOf(RestoreException.class);
        for (String field : state.fields().keySet()) {
            var fields = new LinkedHashMap<>(state.fields());
            fields.put(field, "nonsense");
            assertThatThrownBy(() -> gic.device.restore(new SavedState("arm_gic", 1, fields)))
                    .isInstanceOf(RestoreException.class)
                    .hasMessageContaining(field);
        }
    }
}
