package dev.backplane.gicv3.gic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.RestoreException;
import dev.backplane.gicv3.gic.ReferenceGic.Interrupt;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Random legal and illegal sequences against {@link ReferenceGic}: after each step all processors see the same, so no
 * interrupt is lost, doubled or invented. {@code -Dbackplane.gic.steps} and {@code -Dbackplane.seed} choose the run.
 */
class GicModelTest {
    private static final int PROCESSORS = 3;
    private static final int SPIS = 32;
    private static final int FIRST_LPI = 8192;
    private static final int LPIS = 12;

    private final int steps = Integer.getInteger("backplane.gic.steps", 50_000);
    private final long seed = Long.getLong("backplane.seed", 0x60C3L);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Machine machine = new Machine("num-cpu", (long) PROCESSORS, "num-irq", 32L + SPIS);
    private final ReferenceGic reference = new ReferenceGic(PROCESSORS, SPIS);
    /** What was done last, for a message. */
    private final ArrayDeque<String> history = new ArrayDeque<>();
    private long acknowledged;

    @Test
    void behavesAsTheReference() throws RestoreException {
        for (int step = 0; step < steps; step++) {
            act(step);
            for (int processor = 0; processor < PROCESSORS; processor++) {
                for (int group = 0; group < 2; group++) {
                    if (machine.highest(processor, group) != reference.highest(processor, group)) {
                        fail(step, "processor %d, group %d: %d, expected %d".formatted(
                                processor,
                                group,
                                machine.highest(processor, group),
                                reference.highest(processor, group)));
                    }
                }
            }
            if (step % 64 == 0) {
                compareState(step);
            }
            if (step % 1000 == 999) {
                handOver();
            }
        }
        assertThat(acknowledged).as("the run was about something").isGreaterThan(steps / 50);
    }

    private void fail(int step, String what) {
        throw new AssertionError("-Dbackplane.seed=%d, step %d: %s after %s".formatted(seed, step, what, history));
    }

    private void note(String format, Object... arguments) {
        history.add(format.formatted(arguments));
        if (history.size() > 30) {
            history.removeFirst();
        }
    }

    private void handOver() throws RestoreException {
        note("hand-over");
        var state = machine.gic.save();
        machine.gic = machine.create("num-cpu", (long) PROCESSORS, "num-irq", 32L + SPIS);
        machine.gic.restore(state);
        // A newcomer starts with an empty configuration cache.
        for (int processor = 0; processor < PROCESSORS; processor++) {
            reference.processors[processor].own.values().forEach(interrupt -> interrupt.copied = false);
        }
    }

    private void act(int step) {
        int processor = random.nextInt(PROCESSORS);
        int group = random.nextInt(2);
        int spi = 32 + random.nextInt(SPIS);
        switch (random.nextInt(25)) {
            case 0, 1, 2 -> {
                boolean asserted = random.nextBoolean();
                int intid = random.nextInt(50) == 0 ? 1000 : spi;
                note("input %d %b", intid, asserted);
                machine.input(intid, asserted);
                reference.input(intid, asserted);
            }
            case 3 -> {
                boolean asserted = random.nextBoolean();
                int intid = random.nextInt(50) == 0 ? random.nextInt(8192) : spi;
                note("message %d %b", intid, asserted);
                machine.gicd(asserted ? 0x40 : 0x48, intid);
                reference.message(intid, asserted);
            }
            case 4, 5, 6, 7 -> bits(processor);
            case 8 -> priority(processor);
            case 9 -> configure(processor);
            case 10 -> route(spi);
            case 11, 12, 13, 14, 15 -> acknowledge(step, processor, group);
            case 16, 17, 18 -> end(processor, group);
            case 19 -> {
                long[] targets = {random.nextInt(16)};
                int intid = random.nextInt(16);
                note("SGI %d to %x group %d", intid, targets[0], group);
                machine.gic.sendSgi(machine.context, processor, targets, group, intid);
                for (int target = 0; target < PROCESSORS; target++) {
                    if ((targets[0] >>> target & 1) != 0) {
                        reference.sgi(target, group, intid);
                    }
                }
            }
            case 20, 21 -> lpi(processor);
            case 22 -> {
                boolean asserted = random.nextBoolean();
                int intid = 14 + random.nextInt(20);
                note("input %d of processor %d %b", intid, processor, asserted);
                boolean exists = intid >= 16 && intid < 32;
                assertThat(machine.gic.setPrivateInput(machine.context, processor, intid, asserted)).isEqualTo(exists);
                if (exists) {
                    reference.privateInput(processor, intid, asserted);
                }
            }
            default -> control(processor, group);
        }
    }

    /** Sets or clears enable, pending, active or group bits of a word. */
    private void bits(int processor) {
        boolean isPrivate = random.nextInt(3) == 0;
        int kind = random.nextInt(7);
        long value = random.nextInt(4) == 0 ? random.nextInt() & 0xFFFF_FFFFL : 1L << random.nextInt(32);
        if (kind == 0) {
            value = random.nextInt() & 0xFFFF_FFFFL;
        }
        long register = new long[] {0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380}[kind];
        note("bits +0x%x of %s: %x", register, isPrivate ? "processor " + processor : "SPIs", value);
        if (isPrivate) {
            machine.gicr(processor, 0x10000 + register, 4, value);
        } else {
            machine.gicd(register + 4, value);
        }
        for (int i = 0; i < 32; i++) {
            Interrupt interrupt = reference.interrupt(processor, isPrivate ? i : 32 + i);
            boolean one = (value >>> i & 1) != 0;
            if (kind == 0) {
                interrupt.group1 = one;
            } else if (one) {
                switch (kind) {
                    case 1 -> interrupt.enabled = true;
                    case 2 -> interrupt.enabled = false;
                    case 3 -> interrupt.latched = true;
                    case 4 -> interrupt.latched = false;
                    case 5 -> interrupt.active = true;
                    default -> interrupt.active = false;
                }
            }
        }
    }

    private void priority(int processor) {
        int intid = random.nextInt(32 + SPIS);
        int priority = random.nextInt(256);
        note("priority %d of %d at %d", priority, intid, processor);
        if (intid < 32) {
            machine.gicr(processor, 0x10400 + intid, 1, priority);
        } else {
            machine.gicd(0x400 + intid, 1, priority);
        }
        reference.interrupt(processor, intid).priority = priority & 0xF8;
    }

    private void configure(int processor) {
        int first = 16 * random.nextInt(4);
        long value = random.nextInt() & 0xFFFF_FFFFL;
        note("edges %x from %d at %d", value, first, processor);
        if (first < 32) {
            machine.gicr(processor, 0x10C00 + first / 4, 4, value);
        } else {
            machine.gicd(0xC00 + first / 4, value);
        }
        for (int i = 0; first > 0 && i < 16; i++) {
            reference.interrupt(processor, first + i).edge = (value >>> 2 * i + 1 & 1) != 0;
        }
    }

    private void route(int spi) {
        int target = random.nextInt(PROCESSORS + 2) - 2;
        note("route %d to %d", spi, target);
        long route = target == -2 ? 1L << 31 : target == -1 ? 0x0101_0100L & 0xFF_FFFFL : target;
        machine.gicd(0x6000 + 8L * spi, 8, route);
        reference.spis.get(spi).target = target;
    }

    private void acknowledge(int step, int processor, int group) {
        note("acknowledge at %d group %d", processor, group);
        int expected = reference.acknowledge(processor, group);
        int found = machine.ack(processor, group);
        if (found != expected) {
            fail(step, "acknowledged %d, expected %d".formatted(found, expected));
        }
        if (found != ReferenceGic.SPURIOUS) {
            acknowledged++;
        }
    }

    private void end(int processor, int group) {
        var candidates = new ArrayList<Integer>();
        for (Interrupt interrupt : reference.processors[processor].own.values()) {
            if (interrupt.active) {
                candidates.add(interrupt.intid);
            }
        }
        for (Interrupt interrupt : reference.spis.values()) {
            if (interrupt.active) {
                candidates.add(interrupt.intid);
            }
        }
        candidates.sort(Comparator.naturalOrder());
        int intid = candidates.isEmpty() || random.nextInt(10) == 0
                ? List.of(1023, 8192, 40, 3).get(random.nextInt(4))
                : candidates.get(random.nextInt(candidates.size()));
        if (random.nextInt(4) == 0) {
            note("deactivate %d at %d", intid, processor);
            machine.gic.deactivate(machine.context, processor, intid);
            reference.deactivate(processor, intid);
        } else {
            note("end %d at %d group %d", intid, processor, group);
            machine.eoi(processor, group, intid);
            reference.endOfInterrupt(processor, group, intid);
        }
    }

    private void lpi(int processor) {
        int intid = FIRST_LPI + random.nextInt(LPIS);
        int other = random.nextInt(PROCESSORS);
        Interrupt here = reference.interrupt(processor, intid);
        switch (random.nextInt(8)) {
            case 0, 1, 2 -> {
                note("LPI %d at %d", intid, processor);
                boolean taken = machine.gic.setPending(machine.context, processor, intid);
                assertThat(taken).isEqualTo(reference.processors[processor].lpisEnabled);
                here.latched |= taken;
            }
            case 3 -> {
                note("clear LPI %d at %d", intid, processor);
                machine.gic.clearPending(machine.context, processor, intid);
                here.latched &= !reference.processors[processor].lpisEnabled;
            }
            case 4 -> {
                note("move LPI %d from %d to %d", intid, processor, other);
                machine.gic.movePending(machine.context, processor, other, intid);
                move(processor, other, intid);
            }
            case 5 -> {
                note("move all LPIs from %d to %d", processor, other);
                machine.gic.moveAllPending(machine.context, processor, other);
                for (int each = FIRST_LPI; each < FIRST_LPI + LPIS; each++) {
                    move(processor, other, each);
                }
            }
            case 6 -> {
                int entry = random.nextInt(256);
                note("configure LPI %d as %x", intid, entry);
                machine.configureLpi(intid, entry);
                for (int each = 0; each < PROCESSORS; each++) {
                    reference.interrupt(each, intid).tableEntry = entry;
                }
            }
            default -> {
                boolean all = random.nextBoolean();
                note("invalidate %s at %d", all ? "all" : intid, processor);
                if (all) {
                    machine.gic.invalidateAll(machine.context, processor);
                    reference.processors[processor].own.values().forEach(interrupt -> interrupt.copied = false);
                } else {
                    machine.gicr(processor, 0xA0, 8, intid);
                    here.copied = false;
                }
            }
        }
    }

    private void move(int from, int to, int intid) {
        Interrupt source = reference.interrupt(from, intid);
        if (from != to && source.latched && reference.processors[from].lpisEnabled
                && reference.processors[to].lpisEnabled) {
            source.latched = false;
            reference.interrupt(to, intid).latched = true;
        }
    }

    private void control(int number, int group) {
        ReferenceGic.Processor processor = reference.processors[number];
        boolean on = random.nextInt(6) != 0;
        switch (random.nextInt(7)) {
            case 0 -> {
                reference.enabled[group] = on;
                note("distributor group %d %b", group, on);
                machine.gicd(0, (reference.enabled[0] ? 1 : 0) | (reference.enabled[1] ? 2 : 0));
            }
            case 1 -> {
                processor.enabled[group] = on;
                note("processor %d group %d %b", number, group, on);
                machine.gic.setGroupEnable(machine.context, number, group, on);
            }
            case 2 -> {
                processor.asleep = !on;
                note("processor %d awake %b", number, on);
                machine.gicr(number, 0x14, 4, on ? 0 : 2);
            }
            case 3 -> {
                int mask = on ? 0xFF : random.nextInt(256);
                processor.mask = mask & 0xF8;
                note("processor %d mask %x", number, mask);
                machine.gic.setPriorityMask(machine.context, number, mask);
            }
            case 4 -> {
                processor.eoiMode = !on;
                note("processor %d EOImode %b", number, !on);
                machine.gic.setEoiMode(machine.context, number, !on);
            }
            case 5 -> {
                processor.refusesAny[group] = !on;
                writeControl(number, "takes 1-of-N of group " + group + " " + on);
            }
            default -> {
                if (on && !processor.lpisEnabled) {
                    machine.gicr(number, 0x70, 8, Machine.CONFIGURATIONS | 15);
                    machine.gicr(number, 0x78, 8, Machine.PENDING + number * 0x10000L);
                    // The redistributor starts with what the pending table has: what was pending when it stopped.
                    processor.own.values().forEach(interrupt -> interrupt.copied = false);
                }
                processor.lpisEnabled = on;
                writeControl(number, "LPIs " + on);
            }
        }
    }

    private void writeControl(int number, String what) {
        ReferenceGic.Processor processor = reference.processors[number];
        note("processor %d %s", number, what);
        machine.gicr(
                number,
                0,
                4,
                (processor.lpisEnabled ? 1 : 0)
                        | (processor.refusesAny[0] ? 1L << 24 : 0)
                        | (processor.refusesAny[1] ? 1L << 25 : 0));
    }

    /** Compares every bit that software can read, and the LPIs that are pending. */
    private void compareState(int step) {
        for (int intid = 32; intid < 32 + SPIS; intid++) {
            compare(step, reference.spis.get(intid), machine.gicd(0x104), machine.gicd(0x204), machine.gicd(0x304));
        }
        for (int processor = 0; processor < PROCESSORS; processor++) {
            for (int intid = 0; intid < 32; intid++) {
                compare(
                        step,
                        reference.interrupt(processor, intid),
                        machine.gicr(processor, 0x10100, 4),
                        machine.gicr(processor, 0x10200, 4),
                        machine.gicr(processor, 0x10300, 4));
            }
        }
        var pending = new ArrayList<String>();
        machine.gic.pending().stream()
                .filter(interrupt -> interrupt.intid() >= FIRST_LPI)
                .forEach(interrupt -> pending.add(interrupt.processor() + ":" + interrupt.intid()));
        var expected = new ArrayList<String>();
        for (int processor = 0; processor < PROCESSORS; processor++) {
            for (int intid = FIRST_LPI; intid < FIRST_LPI + LPIS; intid++) {
                Interrupt lpi = reference.interrupt(processor, intid);
                if (lpi.latched && reference.processors[processor].lpisEnabled) {
                    expected.add(processor + ":" + intid);
                }
            }
        }
        if (!pending.equals(expected)) {
            fail(step, "pending LPIs %s, expected %s".formatted(pending, expected));
        }
    }

    private void compare(int step, Interrupt interrupt, long enabled, long pending, long active) {
        int bit = interrupt.intid % 32;
        if ((enabled >>> bit & 1) != 0 != interrupt.enabled
                || (pending >>> bit & 1) != 0 != interrupt.pending()
                || (active >>> bit & 1) != 0 != interrupt.active) {
            fail(step, "INTID %d: enabled %x pending %x active %x".formatted(
                    interrupt.intid, enabled >>> bit & 1, pending >>> bit & 1, active >>> bit & 1));
        }
    }
}
